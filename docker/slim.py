"""``slim.py ENVIRONMENT``: makes a virtual environment ready to be served from, read-only.

It goes without what ``unused.txt`` names, symbols for debuggers, the sources and docstrings of
large packages and second copies of libraries, and has its bytecode. What is left is proved to fit
together: each of its libraries finds what it needs.
Standard library alone, with ``strip`` of the binutils and libc's ``ldd``.
"""

# ruff: noqa: S603, S607, T201

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

UNUSED = Path(__file__).with_name("unused.txt")

# Their bytecode is what runs: tracebacks still tell files and lines, but do not quote these.
# Not to be named are packages that read their own sources, as anyio and cv2 do.
SOURCELESS = (
    *("click", "dateutil", "google", "idna", "matplotlib", "mpl_toolkits", "numpy"),
    *("opentelemetry", "packaging", "PIL", "pydantic", "pyparsing", "scipy", "urllib3"),
)
# Of these the bytecode is without docstrings, and so without assertions: what python -OO runs.
WITHOUT_DOCSTRINGS = ("matplotlib", "numpy", "scipy")

# What ldd says of an extension module that is sound: what Python is to give it is not there.
OF_PYTHON = re.compile(r"undefined symbol: _?Py")


def main(environment: str) -> None:
    """Remove, strip, prove, share, compile; and say what is left."""
    python = Path(environment, "bin", "python")
    (packages,) = Path(environment).glob("lib/python3*/site-packages")
    remove(packages, UNUSED.read_text().splitlines())
    for library in shared_libraries(packages):
        strip(library)
    share_copies(shared_libraries(packages))
    compile_all(packages, python)
    for name, size in sizes(packages).items():
        print(f"{size / 1e6:6.1f} MB  {name}")


def remove(packages: Path, lines: list[str]) -> None:
    """Remove what the globs name, but for what those after a ``!`` keep, and all bytecode.

    ``SystemExit`` for a glob that finds nothing: what it named may be elsewhere now.
    """
    unused: set[Path] = set(packages.rglob("__pycache__"))
    kept: set[Path] = set()
    for glob in lines:
        if glob and not glob.startswith("#"):
            named = set(packages.glob(glob.removeprefix("!")))
            if not named:
                raise SystemExit(f"{UNUSED.name}: nothing is there by the name of {glob}")
            (kept if glob.startswith("!") else unused).update(named)
    for path in unused - kept:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def shared_libraries(packages: Path) -> Iterator[Path]:
    """The extension modules, and the libraries that came with them."""
    for path in packages.rglob("*.so*"):
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
            yield path


def strip(library: Path) -> None:
    """Take the symbols for debuggers out of a library, if it loads without them.

    Those that were renamed when their wheel was made may not: patchelf leaves segments where
    ``strip`` does not expect them. ``SystemExit`` for one that does not load as it is either.
    """
    stripped = library.with_name(library.name + ".stripped")
    subprocess.run(["strip", "--strip-unneeded", "-o", stripped, library], check=True)
    if not faults_in_loading(stripped):
        stripped.replace(library)
        return
    stripped.unlink()
    if faults := faults_in_loading(library):
        raise SystemExit(f"{library} does not load: {faults}")


def faults_in_loading(library: Path) -> list[str]:
    """What the loader has to say against a library, looking for every symbol at once.

    Some find others only because who loads them has done so: wheels keep those in one folder.
    """
    told = subprocess.run(
        ["ldd", "-r", library.absolute()],
        env={**os.environ, "LD_LIBRARY_PATH": str(library.parent.absolute())},
        capture_output=True,
        text=True,
        check=False,
    )
    wrong = [
        line
        for line in (told.stdout + told.stderr).splitlines()
        if ("not found" in line or "undefined symbol" in line) and not OF_PYTHON.search(line)
    ]
    return wrong if told.returncode == 0 else [told.stderr, *wrong]


def share_copies(libraries: Iterator[Path]) -> None:
    """Make links of libraries that are there already, byte for byte: what wheels bring of one."""
    first: dict[bytes, Path] = {}
    for library in sorted(libraries):
        original = first.setdefault(library.read_bytes(), library)
        if original is not library:
            library.unlink()
            library.symlink_to(os.path.relpath(original, library.parent))


def compile_all(packages: Path, python: Path) -> None:
    """Bytecode for all, trusted as it is: dates of layers are not the sources'."""
    compiling = (python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
    for name in SOURCELESS:
        level = "2" if name in WITHOUT_DOCSTRINGS else "0"
        subprocess.run([*compiling, "-b", "-o", level, packages / name], check=True)
        for source in (packages / name).rglob("*.py"):
            source.unlink()
    subprocess.run([*compiling, packages], check=True)


def sizes(packages: Path) -> dict[str, int]:
    """What the folders take, in bytes: those of a megabyte and more, and all of them together."""
    taken = {
        folder.name: sum(
            path.stat().st_size
            for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink()
        )
        for folder in packages.iterdir()
        if folder.is_dir()
    }
    large = {name: taken[name] for name in sorted(taken, key=lambda name: -taken[name])}
    shown = {name: size for name, size in large.items() if size >= 1_000_000}
    return {**shown, "together": sum(taken.values())}


if __name__ == "__main__":
    main(*sys.argv[1:])
