"""What is asked of a JPEG file before it is opened: that it is of a reasonable build.

A segment takes time whatever is in it, what stands between two of them takes time byte by byte,
and a scan as much as the whole picture has pixels, also where it is of six bytes. No encoder makes
as many as would take longer than the picture itself.
Source: ITU-T T.81 (1992), annex B.
"""

from __future__ import annotations

import re

from service.errors import LimitExceeded
from service.formats.limits import IMAGE
from service.formats.picture import Buffer

# Profiles and other data of 32 megabytes take 500.
_MOST_SEGMENTS = 1_000
# libjpeg's own script for progressive files has 10 scans, of four inks 18.
_MOST_SCANS = 100

# Before the first scan: fill bytes, of which there may be any number (section B.1.1.2).
_MOST_FILL = 65_536

_SCAN, _END = 0xDA, 0xD9
# The markers that a length follows; not what stands for a byte of a scan's data, restarts, the
# start of the file, and those that are reserved. Of fill bytes before it the last alone is matched:
# what begins with a single byte is sought the fastest, and never twice from the same one.
_MARKER = re.compile(rb"\xff([^\x00-\xbf\xc8\xd0-\xd8\xf0-\xfd\xff])", re.DOTALL)

# What ends the data of a scan: any marker but restarts, and what stands for a byte of it.
_BEHIND_SCAN = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)


def require_few_segments(data: Buffer) -> None:
    """``LimitExceeded`` at ``/image`` for a file of more segments or scans than encoders make."""
    segments, scans, fill = _counted(data)
    if fill > _MOST_FILL:
        detail = f"the JPEG file has more than {_MOST_FILL} bytes between its segments"
        raise LimitExceeded.at(IMAGE, detail)
    if segments > _MOST_SEGMENTS:
        raise LimitExceeded.at(IMAGE, f"the JPEG file has more than {_MOST_SEGMENTS} segments")
    if scans > _MOST_SCANS:
        raise LimitExceeded.at(IMAGE, f"the JPEG file has more than {_MOST_SCANS} scans")


def _counted(data: Buffer) -> tuple[int, int, int]:
    """The segments, the scans of them, and the bytes between them up to the first scan.

    Until there are too many, or the file ends.
    """
    segments = scans = fill = position = 0
    while segments <= _MOST_SEGMENTS:
        found = _MARKER.search(data, position)
        if not scans:
            fill += (found.end() if found else len(data)) - position
        if not found:
            break
        position = found.end()
        if found[1][0] == _END:
            if scans:
                break
            continue
        segments += 1
        scans += found[1][0] == _SCAN
        position += int.from_bytes(data[position : position + 2], "big")
    return segments, scans, fill


def has_one_scan(data: Buffer) -> bool:
    """Whether the data of the first scan are followed by the end of the file, and nothing else."""
    position = 0
    while found := _MARKER.search(data, position):
        position = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
        if found[1][0] == _SCAN:
            behind = _BEHIND_SCAN.search(data, position)
            return behind is not None and behind[1][0] == _END
    return False
