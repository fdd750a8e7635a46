"""Loaded by schemathesis: what it sends where the document says binary."""

import io

import numpy as np
import schemathesis
from hypothesis import strategies as st
from PIL import Image


def files():
    """Small pictures and arrays that can be read, and junk that can't."""
    pixels = np.arange(7 * 5 * 3, dtype=np.uint8).reshape(7, 5, 3)
    good = [b"1,2,3\n4,5,6\n"]
    for array, kind in ((pixels, "PNG"), (pixels[:, :, 0], "PNG"), (pixels, "JPEG")):
        file = io.BytesIO()
        Image.fromarray(array).save(file, kind)
        good.append(file.getvalue())
    file = io.BytesIO()
    np.save(file, np.arange(12.0).reshape(3, 4))
    return st.sampled_from([*good, file.getvalue()]) | st.binary(max_size=64)


KERNELS = ("laplacian", "box", '{"name": "gaussian", "sigma": 2}', "[[0, 1, 2], [3, 4, 5]]", "no")
SPECIFICATIONS = ('{"kernel": "sobel", "mode": "full"}', '{"kernel": [[1, 2]], "bias": 3}', "{}")


@schemathesis.hook
def map_body(context, body):
    # Text that must be JSON is junk when it is made at random: most forms get some that isn't.
    if isinstance(body, dict):
        for field, sound in (("kernel", KERNELS), ("spec", SPECIFICATIONS)):
            if isinstance(body.get(field), str) and "\0" not in body[field]:
                body[field] = sound[len(body[field]) % len(sound)]
    return body


schemathesis.openapi.format("binary", files())
