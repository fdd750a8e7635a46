"""The figure of ``service/guide/borders.md``: a corner of the sample, continued by each boundary.

``python -m tests.border_figure`` draws it anew.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from service.convolution.boundary import extend
from service.convolution.options import Boundary

ROOT: Final = Path(__file__).resolve().parent.parent
FIGURE: Final = ROOT / "service" / "guide" / "borders.png"
SAMPLE: Final = ROOT / "service" / "samples" / "ascent.png"
# A detail with lines in both directions, small enough that the patterns repeat.
TOP, LEFT, SIDE, BORDER = 300, 200, 96, 48
GAP, LABEL = 12, 16


def figure() -> Image.Image:
    """One tile a boundary, the detail itself framed."""
    with Image.open(SAMPLE) as sample:
        detail = np.asarray(sample)[TOP : TOP + SIDE, LEFT : LEFT + SIDE, np.newaxis]
    tile = SIDE + 2 * BORDER
    page = Image.new("RGB", (len(Boundary) * (tile + GAP) - GAP, tile + LABEL), "white")
    draw = ImageDraw.Draw(page)
    for index, boundary in enumerate(Boundary):
        left = index * (tile + GAP)
        continued = extend(detail, [(BORDER, BORDER)] * 2, boundary, 128)[:, :, 0]
        page.paste(Image.fromarray(continued), (left, LABEL))
        corner = (left + BORDER, LABEL + BORDER)
        draw.rectangle(
            [corner, (corner[0] + SIDE - 1, corner[1] + SIDE - 1)], outline=(230, 80, 20)
        )
        draw.text((left, 2), boundary.value, "black")
    return page


def png(picture: Image.Image) -> bytes:
    """As a small file."""
    file = BytesIO()
    picture.quantize(128).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    FIGURE.write_bytes(png(figure()))
