"""Picture files: ours beside Pillow's and OpenCV's, written and read, with their sizes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.formats.compression import Compression
from service.formats.decoding import decode_picture
from service.formats.encoding import encode_picture
from service.formats.limits import PictureLimits
from service.formats.picture import Picture
from service.formats.table import FORMATS
from tests.bench.measure import Candidates, compare
from tests.bench.pictures import encoded, gray_512, rgb_1080p
from tests.bench.tables import Chart, Section, Table, Target, comparison, significant

OURS, PILLOW, PILLOW_FASTEST, OPENCV = "the service", "Pillow", "Pillow, level 1", "OpenCV"
SMALL = "the service, compression=small"
WIDTH, HEIGHT = 1920, 1080
LIMITS = PictureLimits(max_pixels=10**8, max_side=10**5)
LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)
PHOTOGRAPHS, EDGES, ASCENT = "photographs, RGB", "their Laplacian, RGB", "ascent, gray"
# What the project set itself: milliseconds to write PNG and to read, sizes over Pillow's.
WRITE_BOUND = 33.0
READ_BOUNDS = {"JPEG": 11.0, "PNG": 47.0, "WebP": 30.0}
SIZE_BOUNDS = {PHOTOGRAPHS: 1.25, EDGES: 1.30}

Levels = NDArray[np.uint8]
Times = Mapping[str, Mapping[str, float]]


def section(*, quick: bool = False) -> Section:
    """Times and sizes of 1920x1080 pictures, one thread."""
    cv2.setNumThreads(1)
    rounds, pictures = 3 if quick else 7, example_pictures()
    writing = {name: compare(png_writers(each), rounds) for name, each in pictures.items()}
    jpegs = {name: compare(jpeg_writers(each), rounds) for name, each in pictures.items()}
    files = example_files(pictures[PHOTOGRAPHS])
    reading = {name: compare(readers(file), rounds) for name, file in files.items()}
    sizes = {name: file_sizes(each) for name, each in pictures.items()}
    title = f"of {WIDTH}x{HEIGHT}"
    tables = [
        comparison(f"PNG files {title}, written", writing),
        sizes_table(f"PNG files {title}, their sizes", sizes),
        comparison(f"JPEG files {title}, written, quality 90 without subsampling", jpegs),
        comparison(f"Files {title} by Pillow, photographs, read", reading),
    ]
    charts = [
        Chart("PNG files, written", "milliseconds", in_milliseconds(writing)),
        Chart("Files of photographs, read", "milliseconds", in_milliseconds(reading)),
    ]
    return Section("Picture files", tables, charts=charts, targets=targets(writing, reading, sizes))


def targets(writing: Times, reading: Times, sizes: Mapping[str, Mapping[str, int]]) -> list[Target]:
    """PNG written, what is read, and sizes."""
    written = [
        Target(f"PNG of {name}, written", WRITE_BOUND, 1e3 * each[OURS], "ms")
        for name, each in writing.items()
    ]
    read = [
        Target(f"{name} read", bound, 1e3 * reading[name][OURS], "ms")
        for name, bound in READ_BOUNDS.items()
    ]
    large = [
        Target(
            f"PNG of {name}, its size",
            bound,
            sizes[name][OURS] / sizes[name][PILLOW],
            "times Pillow's",
        )
        for name, bound in SIZE_BOUNDS.items()
    ]
    return written + read + large


def in_milliseconds(seconds: Times) -> dict[str, dict[str, float]]:
    return {
        case: {name: 1e3 * each for name, each in medians.items()}
        for case, medians in seconds.items()
    }


def example_pictures() -> dict[str, Levels]:
    """(height, width[, 3]): with the noise of a camera, nearly all of it edges, and smooth."""
    photographs = rgb_1080p()
    edges: Levels = np.clip(cv2.filter2D(photographs, cv2.CV_32F, LAPLACIAN), 0, 255).astype(
        np.uint8
    )
    ascent: Levels = cv2.resize(gray_512(), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return {PHOTOGRAPHS: photographs, EDGES: edges, ASCENT: ascent}


def example_files(levels: Levels) -> dict[str, bytes]:
    """As users send them: JPEG of quality 90, WebP of Pillow's default, 80."""
    return {
        "JPEG": encoded(levels, "jpeg"),
        "JPEG, progressive": by_pillow(levels, "JPEG", quality=90, progressive=True),
        "PNG": encoded(levels, "png"),
        "PNG, by OpenCV": by_opencv(levels, ".png"),
        "WebP": by_pillow(levels, "WEBP"),
    }


def png_writers(levels: Levels) -> Candidates:
    return {
        OURS: partial(by_us, levels, "png"),
        PILLOW: partial(by_pillow, levels, "PNG"),
        PILLOW_FASTEST: partial(by_pillow, levels, "PNG", compress_level=1),
        OPENCV: partial(by_opencv, levels, ".png"),
        SMALL: partial(by_us, levels, "png", Compression.SMALL),
    }


def jpeg_writers(levels: Levels) -> Candidates:
    whole = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return {
        OURS: partial(by_us, levels, "jpeg"),
        PILLOW: partial(by_pillow, levels, "JPEG", quality=90, subsampling="4:4:4"),
        OPENCV: partial(by_opencv, levels, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 90, *whole),
    }


def readers(file: bytes) -> Candidates:
    """To the samples of an array, in the order red, green, blue."""
    found = decode_picture(file, LIMITS).samples
    np.testing.assert_array_equal(np.squeeze(found), read_by_pillow(file))
    return {
        OURS: lambda: decode_picture(file, LIMITS),
        PILLOW: lambda: read_by_pillow(file),
        OPENCV: lambda: cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR_RGB),
    }


def file_sizes(levels: Levels) -> dict[str, int]:
    """Bytes of the PNG file of each writer, once it has been found to be the picture."""
    sizes = {}
    for name, write in png_writers(levels).items():
        file = write()
        assert isinstance(file, bytes)
        np.testing.assert_array_equal(read_by_pillow(file), levels)
        sizes[name] = len(file)
    return sizes


def sizes_table(title: str, sizes: Mapping[str, Mapping[str, int]]) -> Table:
    names = list(next(iter(sizes.values())))
    rows = [
        [
            case,
            *(
                f"{each / 1e6:.2f} ({significant(each / found[PILLOW])}x)"
                for each in found.values()
            ),
        ]
        for case, found in sizes.items()
    ]
    return Table(f"{title}, MB, and over Pillow's", ["case", *names], rows)


def by_us(levels: Levels, name: str, compression: Compression = Compression.FAST) -> bytes:
    picture = Picture(levels.reshape(*levels.shape[:2], -1))
    return encode_picture(picture, FORMATS[name], compression)


def by_pillow(levels: Levels, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(levels).save(file, kind, **options)
    return file.getvalue()


def by_opencv(levels: Levels, extension: str, *options: int) -> bytes:
    in_its_order = cv2.cvtColor(levels, cv2.COLOR_RGB2BGR) if levels.ndim == 3 else levels
    return cv2.imencode(extension, in_its_order, options)[1].tobytes()


def read_by_pillow(file: bytes) -> Levels:
    with Image.open(BytesIO(file)) as image:
        return np.asarray(image)
