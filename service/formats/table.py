"""The table of formats: one entry a format, with what it can hold and the codec behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

from numpy.typing import NDArray
from PIL.BmpImagePlugin import BmpImageFile

from service.convolution.arrays import Array
from service.formats.compression import Compression
from service.formats.delimited import decode_csv, encode_csv
from service.formats.gif_reading import decode_gif
from service.formats.jpeg_reading import decode_jpeg
from service.formats.jpeg_segments import require_few_segments
from service.formats.jpeg_writing import encode_jpeg
from service.formats.json_arrays import encode_json
from service.formats.limits import PictureLimits
from service.formats.npy import decode_npy, encode_npy
from service.formats.orientation import Stored
from service.formats.picture import Buffer, Picture
from service.formats.pillow_decoding import decode_with_pillow
from service.formats.png import encode_png
from service.formats.png_chunks import require_few_chunks
from service.formats.png_reading import decode_png
from service.formats.pnm import decode_pnm
from service.formats.tiff_reading import decode_tiff
from service.formats.tiff_writing import encode_tiff
from service.formats.webp_reading import decode_webp
from service.formats.webp_writing import encode_webp


class Subject(StrEnum):
    """What is read and written."""

    PICTURE = "picture"
    SIGNAL = "signal"
    KERNEL = "kernel"


_NOTHING: frozenset[Subject] = frozenset()
_EVERYTHING = frozenset(Subject)
_PICTURES = frozenset((Subject.PICTURE,))


@dataclass(frozen=True)
class Format:
    """A format: its names, what it can hold, and the codec.

    ``media_types`` begins with the canonical one; ``extensions`` are without a dot.
    ``depths`` are the bits of the integers it holds, ``floats`` whether it holds float32
    samples or float64 numbers exactly, ``any_shape`` whether arrays of any number of
    dimensions, ``draws`` whether signals are drawn in it, as figures. ``signature`` matches the
    beginning of a picture file, ``guard`` raises a ServiceError for one that would take long to
    open even, ``decode_picture`` takes such a file, the frame wanted and the
    limits, and ``decoder`` says whose work that is; ``encode_picture`` takes a picture, and which
    of the two ``efforts`` may be spent on it. JSON is decoded with the request that it is part
    of, not here.
    """

    name: str
    label: str
    media_types: tuple[str, ...]
    extensions: tuple[str, ...]
    reads: frozenset[Subject] = _NOTHING
    writes: frozenset[Subject] = _NOTHING
    depths: tuple[int, ...] = ()
    floats: bool = False
    alpha: bool = False
    any_shape: bool = False
    draws: bool = False
    lossless: bool = True
    max_side: int | None = None
    signature: re.Pattern[bytes] | None = None
    guard: Callable[[Buffer], None] | None = None
    decode_picture: Callable[[Buffer, int, PictureLimits], Stored] | None = None
    encode_picture: Callable[[Picture, Compression], bytes] | None = None
    decoder: str = ""
    efforts: Mapping[Compression, str] = field(default_factory=dict)
    decode_array: Callable[[Buffer, str, int], Array] | None = None
    encode_array: Callable[[NDArray[Any]], bytes] | None = None

    @property
    def media_type(self) -> str:
        """The canonical media type."""
        return self.media_types[0]


def _signature(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


_TABLE = (
    Format(
        name="png",
        label="PNG",
        media_types=("image/png", "image/apng"),
        extensions=("png", "apng"),
        reads=_PICTURES,
        writes=_EVERYTHING,
        depths=(8, 16),
        alpha=True,
        draws=True,
        max_side=2**31 - 1,
        signature=_signature(rb"\x89PNG\r\n\x1a\n"),
        guard=require_few_chunks,
        decode_picture=decode_png,
        encode_picture=encode_png,
        decoder="ISA-L inflates and OpenCV unfilters 8 and 16 bits; palettes, fewer bits and "
        "colour keys of 8 bits: Pillow",
        efforts={
            Compression.FAST: "one filter for the picture, deflated by ISA-L",
            Compression.SMALL: "a filter for each eight rows, deflated by zlib at level 6",
        },
    ),
    Format(
        name="jpeg",
        label="JPEG",
        media_types=("image/jpeg", "image/jpg"),
        extensions=("jpg", "jpeg", "jpe", "jfif"),
        reads=_PICTURES,
        writes=_PICTURES,
        depths=(8,),
        lossless=False,
        max_side=65500,  # what libjpeg writes; the format itself could tell 35 more
        signature=_signature(rb"\xff\xd8\xff"),
        guard=require_few_segments,
        decode_picture=decode_jpeg,
        encode_picture=encode_jpeg,
        decoder="OpenCV; several scans (progressive) and CMYK: Pillow",
        efforts={
            Compression.FAST: "baseline",
            Compression.SMALL: "progressive, with Huffman tables of its own: the same samples",
        },
    ),
    Format(
        name="webp",
        label="WebP",
        media_types=("image/webp",),
        extensions=("webp",),
        reads=_PICTURES,
        writes=_PICTURES,
        depths=(8,),
        alpha=True,
        max_side=16383,
        signature=_signature(rb"RIFF....WEBP"),
        decode_picture=decode_webp,
        encode_picture=encode_webp,
        decoder="OpenCV; animations: Pillow",
        efforts={
            Compression.FAST: "lossless, method 1 with effort 0",
            Compression.SMALL: "lossless, method 4 with effort 75",
        },
    ),
    Format(
        name="tiff",
        label="TIFF",
        media_types=("image/tiff",),
        extensions=("tif", "tiff"),
        reads=_PICTURES,
        writes=_PICTURES,
        depths=(8, 16),
        floats=True,
        alpha=True,
        max_side=2**32 - 1,
        signature=_signature(rb"II[*+]\0|MM\0[*+]"),
        decode_picture=decode_tiff,
        encode_picture=encode_tiff,
        decoder="libtiff by way of Pillow unpacks; palettes, YCbCr, fax and JPEG: Pillow",
        efforts={
            Compression.FAST: "deflated by ISA-L",
            Compression.SMALL: "deflated by zlib at level 6",
        },
    ),
    Format(
        name="bmp",
        label="BMP",
        media_types=("image/bmp", "image/x-ms-bmp"),
        extensions=("bmp",),
        reads=_PICTURES,
        depths=(8,),
        alpha=True,
        # The size of the second header tells a bitmap from a text that begins with "BM".
        signature=_signature(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
        decode_picture=partial(decode_with_pillow, BmpImageFile),
        decoder="Pillow",
    ),
    Format(
        name="gif",
        label="GIF",
        media_types=("image/gif",),
        extensions=("gif",),
        reads=_PICTURES,
        depths=(8,),
        alpha=True,
        signature=_signature(rb"GIF8[79]a"),
        decode_picture=decode_gif,
        decoder="Pillow, frame by frame",
    ),
    Format(
        name="pnm",
        label="PNM",
        media_types=(
            "image/x-portable-anymap",
            "image/x-portable-bitmap",
            "image/x-portable-graymap",
            "image/x-portable-pixmap",
        ),
        extensions=("pnm", "pbm", "pgm", "ppm", "pfm"),
        reads=_PICTURES,
        depths=(8, 16),
        floats=True,
        signature=_signature(rb"P[1-6fF][\s#]"),
        decode_picture=decode_pnm,
        decoder="NumPy",
    ),
    Format(
        name="svg",
        label="SVG",
        media_types=("image/svg+xml",),
        extensions=("svg",),
        writes=frozenset((Subject.SIGNAL, Subject.KERNEL)),
        draws=True,
    ),
    Format(
        name="npy",
        label="NPY",
        media_types=("application/x-npy", "application/x-numpy"),
        extensions=("npy",),
        reads=frozenset((Subject.SIGNAL,)),
        writes=_EVERYTHING,
        depths=(8, 16),
        floats=True,
        alpha=True,
        any_shape=True,
        decode_array=decode_npy,
        encode_array=encode_npy,
    ),
    Format(
        name="json",
        label="JSON",
        media_types=("application/json",),
        extensions=("json",),
        reads=frozenset((Subject.SIGNAL, Subject.KERNEL)),
        writes=_EVERYTHING,
        depths=(8, 16),
        floats=True,
        alpha=True,
        any_shape=True,
        encode_array=encode_json,
    ),
    Format(
        name="csv",
        label="CSV",
        media_types=("text/csv",),
        extensions=("csv", "tsv"),
        reads=frozenset((Subject.SIGNAL,)),
        writes=frozenset((Subject.SIGNAL,)),
        depths=(8, 16),
        floats=True,
        decode_array=decode_csv,
        encode_array=encode_csv,
    ),
)

FORMATS: Mapping[str, Format] = {entry.name: entry for entry in _TABLE}


def sniff_picture(data: Buffer) -> Format | None:
    """The picture format that the data begins like; None if it is none that is read."""
    for entry in _TABLE:
        if entry.signature is not None and entry.signature.match(data):
            return entry
    return None


def labels(condition: Callable[[Format], bool]) -> str:
    """The labels of the formats that fulfil the condition, for a sentence: "PNG, WebP"."""
    return ", ".join(entry.label for entry in _TABLE if condition(entry))
