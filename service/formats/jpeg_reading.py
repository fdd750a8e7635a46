"""JPEG pictures: by OpenCV where it is as exact and as strict as Pillow, else by Pillow.

Both decode by libjpeg-turbo, to the same samples; OpenCV has no fourth byte a pixel to take out
again. But it takes gray for what is missing of a scan that another marker cuts short.
"""

from __future__ import annotations

from io import BytesIO

from PIL.JpegImagePlugin import JpegImageFile

from service.formats.jpeg_segments import has_one_scan
from service.formats.limits import PictureLimits, require_frame
from service.formats.opencv_decoding import samples_by_opencv
from service.formats.orientation import Stored
from service.formats.picture import Buffer
from service.formats.pillow_decoding import decode_with_pillow, with_description


def decode_jpeg(data: Buffer, frame: int, limits: PictureLimits) -> Stored:
    """The picture: uint8, gray or RGB. What Pillow raises, and ``ValueError``, for a broken file.

    Files of several scans, progressive ones above all, and those of four inks are left to Pillow.
    """
    with JpegImageFile(BytesIO(data)) as image:
        limits.require(*image.size)
        require_frame(frame, 1)
        samples = samples_by_opencv(image, data) if has_one_scan(data) else None
        if samples is not None:
            return with_description(samples, image)
    return decode_with_pillow(JpegImageFile, data, frame, limits)
