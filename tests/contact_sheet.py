"""Every kernel of the catalogue on a picture, on one sheet.

``python -m tests.contact_sheet PICTURE SHEET`` draws it, to be looked at: no test sees that a
picture is right. Signed results are shown as their magnitude, stretched; others as they are.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

import orjson
from PIL import Image, ImageDraw

from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.pipelines.pictures import convolve_picture
from tests.pipelines.calling import call

TILE = 128
LABEL = 12
COLUMNS = 10
# Where the default says little: what to ask for instead.
SPECIFIC = {
    "combination": {"name": "combination", "kernels": ["prewitt", "roberts"]},
    "identity": {"name": "identity", "size": 3},
}


def sheet(picture: bytes) -> Image.Image:
    """The tiles with their names, the picture itself first."""
    tiles = [("(original)", tile(picture))]
    for name, entry in CATALOGUE.items():
        if complete_by_name(entry) or name in SPECIFIC:
            tiles.append((name, filtered(picture, SPECIFIC.get(name, {"name": name}))))
    rows = -(-len(tiles) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * (TILE + 4) + 4, rows * (TILE + LABEL + 4) + 4), "white")
    draw = ImageDraw.Draw(page)
    for index, (name, picture_of_it) in enumerate(tiles):
        row, column = divmod(index, COLUMNS)
        left, top = 4 + column * (TILE + 4), 4 + row * (TILE + LABEL + 4)
        draw.text((left, top), name[:21], "black")
        page.paste(picture_of_it, (left, top + LABEL))
    return page


def filtered(picture: bytes, kernel: dict[str, object]) -> Image.Image:
    """The picture convolved, as a tile."""
    parts = {"image": picture, "kernel": orjson.dumps(kernel)}
    signed = CATALOGUE[str(kernel["name"])].default_normalize != "sum"
    if signed and CATALOGUE[str(kernel["name"])].family != "effect":
        parts |= {"absolute": b"true", "scaling": b"minmax"}
    return tile(call(convolve_picture, parts, output="png", include=()).body)


def tile(picture: bytes) -> Image.Image:
    """The middle of a picture at full size: what a kernel does is seen in its pixels."""
    with Image.open(BytesIO(picture)) as opened:
        left, top = (opened.width - TILE) // 2, opened.height * 3 // 7
        return opened.convert("RGB").crop((left, top, left + TILE, top + TILE))


def main() -> None:
    """Draw the sheet of one picture to a file."""
    source, target = map(Path, sys.argv[1:])
    sheet(source.read_bytes()).save(target, quality=90)


if __name__ == "__main__":
    main()
