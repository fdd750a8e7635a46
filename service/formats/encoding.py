"""Pictures to files, after asking the table whether the format can hold them."""

from __future__ import annotations

from service.errors import InvalidRequest
from service.formats.compression import Compression
from service.formats.picture import Picture
from service.formats.table import Format, labels

_POINTER = "/format"


def encode_picture(
    picture: Picture, output: Format, compression: Compression = Compression.FAST
) -> bytes:
    """The picture as a file, with its ICC profile where that fits the colour model.

    Its samples are the same whatever the ``compression``, and its resolution and gamma come
    along to formats that can tell them.

    ``InvalidRequest`` at ``/format`` where the format cannot hold the picture's samples, its
    alpha or its sides; ``ValueError`` for a format that no pictures are written in.
    """
    if output.encode_picture is None:
        raise ValueError(f"no pictures are written as {output.name}")
    _require_samples(picture, output)
    if picture.has_alpha and not output.alpha:
        able = labels(lambda each: each.encode_picture is not None and each.alpha)
        raise InvalidRequest.at(_POINTER, f"{output.label} holds no transparency; {able} do")
    side = max(picture.width, picture.height)
    if output.max_side is not None and side > output.max_side:
        raise InvalidRequest.at(
            _POINTER,
            f"{output.label} holds sides up to {output.max_side} pixels; this picture's is {side}",
        )
    return output.encode_picture(picture, compression)


def _require_samples(picture: Picture, output: Format) -> None:
    dtype = picture.samples.dtype
    if dtype.kind == "u" and 8 * dtype.itemsize in output.depths:
        return
    if dtype.kind == "f" and output.floats:
        return
    depths = " or ".join(str(depth) for depth in output.depths)
    floats = " and float32" if output.floats else ""
    raise InvalidRequest.at(
        _POINTER, f"{output.label} holds unsigned integers of {depths} bits{floats} alone"
    )
