"""TIFF pictures that Pillow reduces to 8 bits or does not read: 16-bit and float32 channels.

Strips without compression or deflated are read here; other layouts (tiles, LZW) by OpenCV.
Source: TIFF Revision 6.0 (Adobe, 1992), and its Technical Note 2 of 2002 for deflate.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from service.formats.picture import Buffer, Samples

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIPS, _ORIENTATION, _CHANNELS, _STRIP_BYTES, _PLANAR = 273, 274, 277, 279, 284
_PREDICTOR, _EXTRA_SAMPLES, _SAMPLE_FORMAT, _ICC_PROFILE = 317, 338, 339, 34675

_SAMPLE_TYPES = {(16, 1): "u2", (32, 3): "f4"}  # by bits and sample format
_COLOR_CHANNELS = {1: 1, 2: 3}  # by photometric interpretation: gray, RGB
_STORED, _DEFLATE, _OLD_DEFLATE = 1, 8, 32946
_NO_PREDICTOR, _DIFFERENCES = 1, 2
_UNRELATED, _PREMULTIPLIED = 0, 1  # what an extra sample may be besides straight alpha


@dataclass(frozen=True)
class DeepTiff:
    """The first picture of a TIFF file with 2 to 4 channels of 16-bit integers or float32."""

    data: Buffer
    tags: dict[int, Any]
    byte_order: str
    sample_type: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as stored, before the orientation."""
        return int(self.tags[_WIDTH]), int(self.tags[_HEIGHT])

    @property
    def icc_profile(self) -> bytes | None:
        """The embedded profile."""
        return self.tags.get(_ICC_PROFILE)

    def decode(self) -> tuple[Samples, int]:
        """The samples ``(height, width, channels)``, and the orientation still to be applied.

        Alpha is straight. A ``ValueError`` or ``zlib.error`` where the file is broken or of a
        layout that is not read.
        """
        if self._is_plain():
            return self._straight(self._from_strips()), self.tags.get(_ORIENTATION, 1)
        # OpenCV has put the picture upright by itself.
        return self._straight(self._by_opencv()), 1

    def _is_plain(self) -> bool:
        predictors = (_NO_PREDICTOR, _DIFFERENCES) if self.sample_type == "u2" else (_NO_PREDICTOR,)
        return (
            _STRIPS in self.tags
            and self.tags.get(_COMPRESSION, _STORED) in (_STORED, _DEFLATE, _OLD_DEFLATE)
            and self.tags.get(_PREDICTOR, _NO_PREDICTOR) in predictors
        )

    def _from_strips(self) -> Samples:
        width, height = self.size
        channels = self.tags[_CHANNELS]
        dtype = np.dtype(self.byte_order + self.sample_type)
        expected = width * height * channels * dtype.itemsize
        stored, strips = memoryview(self.data), bytearray()
        for offset, length in zip(self.tags[_STRIPS], self.tags[_STRIP_BYTES], strict=True):
            strip = stored[offset : offset + length]
            if self.tags.get(_COMPRESSION, _STORED) == _STORED:
                strips += strip[: expected - len(strips)]
            elif len(strips) < expected:
                strips += zlib.decompressobj().decompress(strip, expected - len(strips))
        samples = np.frombuffer(strips, dtype).astype(dtype.newbyteorder("="), copy=False)
        if self.tags.get(_PLANAR, 1) == 2:
            samples = samples.reshape(channels, height, width).transpose(1, 2, 0)
        samples = samples.reshape(height, width, channels)
        if self.tags.get(_PREDICTOR, _NO_PREDICTOR) == _DIFFERENCES:
            samples = np.cumsum(samples, axis=1, dtype=samples.dtype)
        return samples

    def _by_opencv(self) -> Samples:
        samples = cv2.imdecode(np.frombuffer(self.data, np.uint8), cv2.IMREAD_UNCHANGED)
        channels = self.tags[_CHANNELS]
        if samples is None or channels == 2 or samples.shape[2:] != (channels,):
            raise ValueError("neither plain strips nor what OpenCV reads")
        order = cv2.COLOR_BGR2RGB if channels == 3 else cv2.COLOR_BGRA2RGBA
        return cv2.cvtColor(samples, order)

    def _straight(self, samples: Samples) -> Samples:
        if samples.shape[2] not in (2, 4):
            return samples
        (meaning,) = self.tags.get(_EXTRA_SAMPLES, (2,))
        color, alpha = samples[:, :, :-1], samples[:, :, -1:]
        if meaning == _UNRELATED:
            return color
        if meaning == _PREMULTIPLIED:
            white = 65535 if self.sample_type == "u2" else 1
            opaque = np.where(alpha == 0, 1, alpha)
            straight = color * (white / opaque.astype(np.float64))
            if self.sample_type == "u2":
                straight = np.rint(np.minimum(straight, white))
            color = straight.astype(samples.dtype)
        return np.concatenate((color, alpha), axis=2)


def deep_tiff(data: Buffer) -> DeepTiff | None:
    """The TIFF file if it is one of those that this module is for, else None.

    Whatever Pillow's reader of tags raises on a broken file passes through.
    """
    file = BytesIO(data)
    header = file.read(8)
    if header[2:4] in (b"+\0", b"\0+"):  # BigTIFF: offsets of eight bytes
        header += file.read(8)
    directory = ImageFileDirectory_v2(header)
    file.seek(directory.next)
    directory.load(file)
    tags = dict(directory)
    channels = tags.get(_CHANNELS, 1)
    color_channels = _COLOR_CHANNELS.get(tags.get(_PHOTOMETRIC, -1))
    bits, formats = set(tags.get(_BITS, (1,))), set(tags.get(_SAMPLE_FORMAT, (1,)))
    if channels == 1 or color_channels not in (channels, channels - 1):
        return None
    if len(bits) != 1 or len(formats) != 1:
        return None
    sample_type = _SAMPLE_TYPES.get((bits.pop(), formats.pop()))
    if sample_type is None:
        return None
    return DeepTiff(data, tags, "<" if header.startswith(b"II") else ">", sample_type)
