"""JPEG pictures: Pillow reads them, once they are found to be of a reasonable build.

A segment takes time whatever is in it, and a scan as much as the whole picture has pixels, also
where it is of six bytes. No encoder makes as many as would take longer than the picture itself.
Source: ITU-T T.81 (1992), annex B.
"""

from __future__ import annotations

import re

from PIL.JpegImagePlugin import JpegImageFile

from service.errors import LimitExceeded
from service.formats.limits import IMAGE, PictureLimits
from service.formats.orientation import Stored
from service.formats.picture import Buffer
from service.formats.pillow_decoding import decode_with_pillow

# Profiles and other data of 32 megabytes take 500.
_MOST_SEGMENTS = 1_000
# libjpeg's own script for progressive files has 10 scans, of four inks 18.
_MOST_SCANS = 100

_SCAN, _END = 0xDA, 0xD9
# The markers that a length follows; not what stands for a byte of a scan's data, restarts, the
# start of the file, and those that are reserved.
_MARKER = re.compile(rb"\xff++([^\x00-\xbf\xc8\xd0-\xd8\xf0-\xfd\xff])", re.DOTALL)


def decode_jpeg(data: Buffer, frame: int, limits: PictureLimits) -> Stored:
    """The picture, upright or not; ``LimitExceeded`` at ``/image`` for what is built to last.

    What Pillow raises for a broken file.
    """
    segments, scans = _counted(data)
    if segments > _MOST_SEGMENTS:
        detail = f"the JPEG file has more than {_MOST_SEGMENTS} segments"
        raise LimitExceeded.at(IMAGE, detail)
    if scans > _MOST_SCANS:
        raise LimitExceeded.at(IMAGE, f"the JPEG file has more than {_MOST_SCANS} scans")
    return decode_with_pillow(JpegImageFile, data, frame, limits)


def _counted(data: Buffer) -> tuple[int, int]:
    """The segments and, of them, the scans, until there are too many or the file ends."""
    segments = scans = position = 0
    while segments <= _MOST_SEGMENTS and (found := _MARKER.search(data, position)):
        position = found.end()
        if found[1][0] == _END:
            if scans:
                break
            continue
        segments += 1
        scans += found[1][0] == _SCAN
        position += int.from_bytes(data[position : position + 2], "big")
    return segments, scans
