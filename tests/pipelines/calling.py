"""Calling the jobs as a worker does, with pictures and arrays made and read by other libraries."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import orjson
from numpy.typing import NDArray
from PIL import Image

from service.pipelines.limits import Limits
from service.pipelines.pictures import convolve_picture
from service.pipelines.signals import JSON_BODY, convolve_signal
from service.settings import Settings

LIMITS = Limits(**{each.name: Settings.model_fields[each.name].default for each in fields(Limits)})


@dataclass(frozen=True)
class Answer:
    """What a job gave back."""

    facts: dict[str, Any]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def array(self) -> NDArray[Any]:
        return np.load(BytesIO(self.body), allow_pickle=False)

    @property
    def picture(self) -> NDArray[Any]:
        """The samples of a picture file, channels in the order R, G, B, A.

        By Pillow, or by OpenCV where a sample has more than 8 bits.
        """
        stored = cv2.imdecode(np.frombuffer(self.body, np.uint8), cv2.IMREAD_UNCHANGED)
        if stored is not None and stored.dtype != np.uint8:
            return stored if stored.ndim == 2 else stored[:, :, [2, 1, 0, 3][: stored.shape[2]]]
        with Image.open(BytesIO(self.body)) as image:
            return np.asarray(image)


def png_of(samples: NDArray[Any]) -> bytes:
    """A PNG of (height, width) or (height, width, 2, 3 or 4) samples, uint8 or uint16."""
    if samples.dtype == np.uint8:
        file = BytesIO()
        Image.fromarray(samples).save(file, "png")
        return file.getvalue()
    # Neither Pillow nor OpenCV writes 16-bit gray with alpha.
    height, width, *channels = samples.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels[0] if channels else 1]
    rows = samples.astype(">u2").reshape(height, -1)
    filtered = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0),
        b"IDAT": zlib.compress(filtered, 1),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    )


def tiff_of(samples: NDArray[Any]) -> bytes:
    """A TIFF of (height, width[, 3 or 4]) samples of any type, as OpenCV writes it."""
    order = samples if samples.ndim == 2 else samples[:, :, [2, 1, 0, 3][: samples.shape[2]]]
    done, encoded = cv2.imencode(".tiff", order)
    assert done
    return encoded.tobytes()


def npy_of(array: NDArray[Any]) -> bytes:
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


def text_of(value: object) -> bytes:
    """The text of a form field: a word as it is, anything else as JSON."""
    return value.encode() if isinstance(value, str) else orjson.dumps(value)


def call(
    job: Callable[..., tuple[dict[str, Any], Any]],
    parts: dict[str, bytes],
    limits: Limits = LIMITS,
    **arguments: Any,
) -> Answer:
    views = {name: memoryview(data) for name, data in parts.items()}
    facts, body = job(views, limits=asdict(limits), **arguments)
    orjson.dumps(facts)  # they cross a process boundary as JSON
    return Answer(facts, bytes(body))


def convolve_a_picture(
    picture: NDArray[Any] | bytes,
    *,
    output: str = "png",
    include: Sequence[str] = (),
    limits: dict[str, float] | None = None,
    **options: Any,
) -> Answer:
    """The job for pictures, each option a form field."""
    image = picture if isinstance(picture, bytes) else png_of(picture)
    parts = {name: text_of(value) for name, value in options.items()} | {"image": image}
    bounds = replace(LIMITS, **(limits or {}))
    return call(convolve_picture, parts, bounds, output=output, include=include)


def convolve_a_signal(
    *,
    file: bytes | None = None,
    output: str = "json",
    include: Sequence[str] = (),
    limits: dict[str, float] | None = None,
    **options: Any,
) -> Answer:
    """The job for signals: a JSON body, or with ``file`` a form."""
    if file is None:
        parts = {JSON_BODY: orjson.dumps(options)}
    else:
        parts = {name: text_of(value) for name, value in options.items()} | {"signal": file}
    bounds = replace(LIMITS, **(limits or {}))
    return call(convolve_signal, parts, bounds, output=output, include=include)
