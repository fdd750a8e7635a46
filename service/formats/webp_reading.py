"""WebP pictures: by OpenCV where it is as exact and as strict as Pillow, else by Pillow.

Both decode by libwebp, to the same samples; Pillow as the first frame of an animation, which has a
canvas to be laid on. But OpenCV takes no notice of what stands behind the picture.
"""

from __future__ import annotations

from io import BytesIO

from PIL.WebPImagePlugin import WebPImageFile

from service.formats.limits import PictureLimits
from service.formats.opencv_decoding import samples_by_opencv
from service.formats.orientation import Stored
from service.formats.picture import Buffer
from service.formats.pillow_decoding import decode_with_pillow, with_description

_HEAD_BYTES = 8


def decode_webp(data: Buffer, frame: int, limits: PictureLimits) -> Stored:
    """The frame: uint8, RGB, with alpha or without.

    What Pillow raises, and ``ValueError``, for a broken file. Animations, and files that are longer
    than they say, are left to Pillow.
    """
    with WebPImageFile(BytesIO(data)) as image:
        limits.require(*image.size)
        if frame == 0 and image.n_frames == 1 and _is_whole(data):
            samples = samples_by_opencv(image, data)
            if samples is not None:
                return with_description(samples, image)
    return decode_with_pillow(WebPImageFile, data, frame, limits)


def _is_whole(data: Buffer) -> bool:
    """Whether the file ends where its head says (WebP Container Specification, RIFF)."""
    return len(data) == _HEAD_BYTES + int.from_bytes(data[4:_HEAD_BYTES], "little")
