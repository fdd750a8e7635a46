"""What the service and its peers are asked: pictures, kernels, and both together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.bench.pictures import encoded, gray_512, rgb_1080p

JPEG_QUALITY = 90
BOUNDARY = "bench-form-boundary"
MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg"}
PICTURES: Final = {"gray 512x512": gray_512, "RGB 1920x1080": rgb_1080p}


@dataclass(frozen=True)
class Kernel:
    """Taps as the peers write them: correlated, so flipped for who convolves.

    A Gaussian's ``sigma`` lets those who have a blur of their own use it.
    """

    values: NDArray[np.float64]
    sigma: float | None = None


def _gaussian(size: int, sigma: float) -> Kernel:
    line = np.exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * sigma**2))
    values = np.outer(line, line)
    return Kernel(values / values.sum(), sigma)


# Neither of the first two is separable, symmetric or of low rank: no short cut is asked for.
KERNELS: Final = {
    "3x3": Kernel(np.array([[-2.0, -1.0, 0.0], [-1.0, 1.0, 1.0], [0.0, 1.0, 2.0]])),
    "15x15": Kernel(np.random.default_rng(15).integers(1, 10, (15, 15)).astype(float)),
    "50x50 Gaussian": _gaussian(50, 10.0),
}


@dataclass(frozen=True)
class Case:
    """A picture, the format it comes in, a kernel, and the format of the answer."""

    picture: str
    source: str
    kernel: str
    output: str

    def __str__(self) -> str:
        return f"{self.picture}, {self.source.upper()} in, {self.kernel}, {self.output.upper()} out"

    @property
    def file_name(self) -> str:
        """What the picture's file is called in a folder of all of them."""
        return f"{self.picture.replace(' ', '-')}.{self.source}"

    @property
    def taps(self) -> Kernel:
        """The kernel itself."""
        return KERNELS[self.kernel]

    def file(self) -> bytes:
        """The picture's file."""
        return _file(self.picture, self.source)

    def difference(self, answer: bytes) -> float:
        """How far an answer is from the exact result on average, in levels, borders apart.

        ``ValueError`` where it is no picture of the same size.
        """
        read = cv2.imdecode(np.frombuffer(self.file(), np.uint8), cv2.IMREAD_COLOR)
        found = cv2.imdecode(np.frombuffer(answer, np.uint8), cv2.IMREAD_COLOR)
        if read is None or found is None or read.shape != found.shape:
            raise ValueError("the answer is no picture of the size asked for")
        values = self.taps.values
        total = values.sum()
        exact = cv2.filter2D(read.astype(np.float64), -1, values / total)
        difference = np.clip(exact, 0, 255) - found
        margin = max(values.shape)
        return float(np.abs(difference[margin:-margin, margin:-margin]).mean())


@cache
def _file(picture: str, source: str) -> bytes:
    return encoded(PICTURES[picture](), source)


def all_cases() -> list[Case]:
    """The grid: each picture and kernel, PNG to PNG and JPEG to JPEG; then a few across."""
    same = [
        Case(picture, kind, kernel, kind)
        for picture in PICTURES
        for kind in MEDIA_TYPES
        for kernel in KERNELS
    ]
    across = [
        Case("RGB 1920x1080", source, "3x3", output)
        for source, output in (("png", "jpeg"), ("jpeg", "png"))
    ]
    return same + across


def post(path: str, case: Case, fields: Mapping[str, str]) -> bytes:
    """A whole HTTP request: the fields and the picture's file as a form."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file_head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; '
        f'filename="{case.file_name}"\r\nContent-Type: {MEDIA_TYPES[case.source]}\r\n\r\n'
    )
    body = b"".join(
        [
            "".join(parts).encode(),
            file_head.encode(),
            case.file(),
            f"\r\n--{BOUNDARY}--\r\n".encode(),
        ]
    )
    return head("POST", path, f"multipart/form-data; boundary={BOUNDARY}", len(body)) + body


def head(method: str, path: str, media_type: str | None = None, length: int = 0) -> bytes:
    """The head of an HTTP request, its body's type and length where it has one."""
    content = f"Content-Type: {media_type}\r\nContent-Length: {length}\r\n" if media_type else ""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{content}\r\n".encode()
