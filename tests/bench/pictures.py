"""The benchmark's pictures: real photographs at their own resolution, and their files."""

from __future__ import annotations

import io
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

import service

# Photographs that come with scikit-image, cut and not enlarged: enlarging would take away the
# noise that encoders spend their time on.
TILE_HEIGHT, TILE_WIDTH = 270, 480
PHOTOGRAPHS = (
    *("astronaut.png", "coffee.png", "motorcycle_left.png"),
    *("ihc.png", "rocket.jpg", "motorcycle_right.png"),
)
# Where a tile is cut from a photograph: first its upper left, then other corners.
CORNERS = (
    np.s_[:TILE_HEIGHT, :TILE_WIDTH],
    np.s_[-TILE_HEIGHT:, -TILE_WIDTH:],
    np.s_[-TILE_HEIGHT:, :TILE_WIDTH],
)


def gray_512() -> NDArray[np.uint8]:
    """The service's sample ``ascent``, (512, 512)."""
    return np.array(
        Image.open(Path(service.__file__).parent / "samples" / "ascent.png").convert("L")
    )


def rgb_1080p() -> NDArray[np.uint8]:
    """A mosaic of photographs, (1080, 1920, 3)."""
    folder = Path(skimage.__file__).parent / "data"
    sources = [np.array(Image.open(folder / name).convert("RGB")) for name in PHOTOGRAPHS]
    result = np.empty((4 * TILE_HEIGHT, 4 * TILE_WIDTH, 3), np.uint8)
    for number, (row, column) in enumerate(product(range(4), range(4))):
        corner, source = divmod(number, len(sources))
        top, left = row * TILE_HEIGHT, column * TILE_WIDTH
        tile = sources[source][CORNERS[corner]]
        result[top : top + TILE_HEIGHT, left : left + TILE_WIDTH] = tile
    return result


def encoded(picture: NDArray[Any], kind: str) -> bytes:
    """The picture as a file by Pillow: ``png`` at its default, ``jpeg`` of quality 90."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind.upper(), **({"quality": 90} if kind == "jpeg" else {}))
    return file.getvalue()
