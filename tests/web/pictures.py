"""Small pictures, as files."""

from io import BytesIO

import numpy as np
from PIL import Image


def png_of(samples: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(samples).save(file, "png")
    return file.getvalue()


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, shape, np.uint8)


def upload(samples: np.ndarray, name: str = "noise.png") -> dict[str, object]:
    """What Playwright chooses as a file."""
    return {"name": name, "mimeType": "image/png", "buffer": png_of(samples)}
