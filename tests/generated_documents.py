"""What is written down from the code: tables of the README and the guide, the OpenAPI document.

``python -m tests.generated_documents`` writes them anew; ``test_documents.py`` checks that
what is committed is what would be written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Final, cast

import numpy as np
import orjson

from service.api.problems import PROBLEMS
from service.app import create_app
from service.convolution.compiled import use_native
from service.convolution.convolve import prepare
from service.convolution.native import NativeEngines
from service.convolution.native.engines import Extension
from service.convolution.operand import Operand
from service.convolution.options import Options
from service.formats.table import FORMATS, Format, Subject
from service.kernels.catalogue import CATALOGUE
from service.kernels.description import describe
from service.kernels.specification import KernelSpecification
from service.settings import Settings

ROOT: Final = Path(__file__).resolve().parent.parent
README: Final = ROOT / "README.md"
GUIDE: Final = ROOT / "service" / "guide"
# Parameters of every kernel, and of every 1-D one, told once.
EVERYWHERE: Final = {*KernelSpecification.model_fields, "axes"}
# Defaults that are made when the service starts.
FROM_THE_MACHINE: Final = {
    "workers": "one a processor",
    "threads_per_worker": "processors / workers",
}
# Engines that only plan, so that the same is written on every processor.
WIDE: Final = NativeEngines("avx512", cast("Extension", SimpleNamespace(VECTOR_BYTES=64)))
PLANNED_PICTURES: Final = {"512x512": (512, 512, 1), "1920x1080 RGB": (1080, 1920, 3)}
PLANNED_SIDES: Final = (3, 5, 7, 11, 31, 101)
OPENAPI: Final = ROOT / "openapi" / "openapi.json"
_MARKS: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def openapi_text() -> str:
    """The app's OpenAPI document as it is committed."""
    document = create_app(Settings(workers=1)).openapi()
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def with_tables(text: str) -> str:
    """A text with each table between its marks made anew; ``KeyError`` for one that is unknown."""
    return _MARKS.sub(lambda found: found[1] + TABLES[found[2]]() + found[3], text)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *map(list, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _kernels() -> str:
    def row(name: str) -> list[str]:
        facts = describe(CATALOGUE[name])
        own = [p for p in facts["parameters"]["properties"] if p not in EVERYWHERE]
        dimensions = " or ".join(f"{d}-D" for d in facts["dimensions"])
        return [
            f"`{name}`",
            dimensions,
            ", ".join(f"`{parameter}`" for parameter in own) or "none",
            facts["normalize"],
            facts["summary"].replace("\n", " ").replace("|", "\\|"),
        ]

    heads = ["name", "shape", "parameters", "normalize", "what it does"]
    return _table(heads, (row(name) for name in CATALOGUE))


def _formats() -> str:
    def subjects(which: Iterable[Subject]) -> str:
        return ", ".join(sorted(f"{each}s" for each in which)) or "no"

    def holds(each: Format) -> str:
        depths = [f"{depth}-bit" for depth in each.depths] + ["floats"] * each.floats
        if not each.depths:
            return "figures"
        return "numbers" if each.encode_array else ", ".join(depths + ["alpha"] * each.alpha)

    rows = [
        [
            f"`{each.name}`",
            f"`{each.media_type}`",
            subjects(each.reads),
            subjects(each.writes),
            holds(each),
        ]
        for each in FORMATS.values()
    ]
    return _table(["format", "media type", "read", "written", "holds"], rows)


def _settings() -> str:
    def default(name: str) -> str:
        field = Settings.model_fields[name]
        if name in FROM_THE_MACHINE:
            return FROM_THE_MACHINE[name]
        if field.default is None:
            return "none"
        return f"{field.default:g}" if isinstance(field.default, float) else str(field.default)

    rows = [
        [f"`CONVOLUTION_{name.upper()}`", default(name), field.description or ""]
        for name, field in Settings.model_fields.items()
    ]
    return _table(["variable", "default", "meaning"], rows)


def _errors() -> str:
    rows = sorted(
        [str(problem.status), f"`/problems/{code}`", problem.title]
        for code, problem in PROBLEMS.items()
    )
    return _table(["status", "type", "when"], rows)


def _choices() -> str:
    random = np.random.default_rng(1)

    def choice(shape: tuple[int, ...], side: int, *, separable: bool) -> str:
        kernel = random.random((side, side))
        if separable:
            kernel = np.outer(*random.random((2, side)))
        operand = Operand(shape, 1.0, whole=False)
        plan = prepare(operand, kernel, Options(precision=np.float32)).plan
        tile = "" if plan.tile is None else f", {plan.tile[0]}x{plan.tile[1]}"
        return f"`{plan.engine.name}`{tile}"

    rows = []
    for compiled, engines in (("`avx512`", WIDE), ("none", None)):
        for kind, separable in (("dense", False), ("separable", True)):
            for picture, shape in PLANNED_PICTURES.items():
                with use_native(engines):
                    cells = [choice(shape, side, separable=separable) for side in PLANNED_SIDES]
                rows.append([compiled, kind, picture, *cells])
    heads = ["compiled", "kernel", "picture", *(f"{side}x{side}" for side in PLANNED_SIDES)]
    return _table(heads, rows)


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "kernels": _kernels,
    "formats": _formats,
    "settings": _settings,
    "errors": _errors,
    "choices": _choices,
}


def texts() -> list[Path]:
    """The files whose tables are made here."""
    return [README, *sorted(GUIDE.glob("*.md"))]


def write() -> None:
    """Write the tables and the OpenAPI document anew."""
    for each in texts():
        each.write_text(with_tables(each.read_text()))
    OPENAPI.write_text(openapi_text())


if __name__ == "__main__":
    write()
