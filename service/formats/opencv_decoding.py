"""Pictures whose header Pillow has read, and whose samples OpenCV decodes."""

from __future__ import annotations

import cv2
import numpy as np
from PIL.ImageFile import ImageFile

from service.formats.picture import Buffer, Samples

# By Pillow's modes. It is `Stored` that turns pictures upright; what is read unchanged is not
# turned either, and has blue before red.
_FLAGS = {
    "L": cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION,
    "RGB": cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION,
    "RGBA": cv2.IMREAD_UNCHANGED,
}


def samples_by_opencv(image: ImageFile, data: Buffer) -> Samples | None:
    """The uint8 samples ``(height, width, channels)`` of the file that the image was opened from.

    None for a mode that is not read so, and where no alpha comes of a file that promises some.
    A ``ValueError`` where OpenCV finds it broken, or another picture in it than Pillow.
    """
    flags = _FLAGS.get(image.mode)
    if flags is None:
        return None
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if stored is None or stored.dtype != np.uint8 or stored.shape[1::-1] != image.size:
        raise ValueError("OpenCV found it broken")
    samples = stored.reshape(*stored.shape[:2], -1)
    if image.mode != "RGBA":
        return samples
    return cv2.cvtColor(samples, cv2.COLOR_BGRA2RGBA) if samples.shape[2] == 4 else None
