"""The two efforts: the same samples, in smaller files, for every format that is written."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from service.formats.compression import Compression
from service.formats.decoding import decode_picture
from service.formats.encoding import encode_picture
from service.formats.limits import PictureLimits
from service.formats.picture import Picture
from service.formats.table import FORMATS, Subject
from tests.bench.pictures import rgb_1080p

LIMITS = PictureLimits(max_pixels=10**6, max_side=10**4)
WRITABLE = [entry for entry in FORMATS.values() if entry.encode_picture]
DTYPES = {8: np.uint8, 16: np.uint16}
CASES = [
    pytest.param(entry, dtype, id=f"{entry.name}-{np.dtype(dtype)}")
    for entry in WRITABLE
    for dtype in [DTYPES[depth] for depth in entry.depths] + [np.float32] * entry.floats
]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("entry", "dtype"), CASES)
def test_small_is_smaller_and_the_same(entry, dtype, channels):
    samples = np.ascontiguousarray(rgb_1080p()[100:260, 150:350, :channels]).astype(dtype)
    if dtype == np.uint16:
        samples = samples * dtype(257)
    fast, small = (encode_picture(Picture(samples), entry, each) for each in Compression)
    assert len(small) < len(fast)
    np.testing.assert_array_equal(
        decode_picture(small, LIMITS).samples, decode_picture(fast, LIMITS).samples
    )


@pytest.mark.parametrize("entry", WRITABLE, ids=lambda entry: entry.name)
def test_fast_is_what_nobody_has_to_ask_for(entry):
    picture = Picture(np.arange(60, dtype=np.uint8).reshape(4, 5, 3))
    assert encode_picture(picture, entry) == encode_picture(picture, entry, Compression.FAST)


def test_the_table_says_what_each_effort_is_and_who_decodes():
    for entry in FORMATS.values():
        writes = entry.encode_picture is not None
        assert set(entry.efforts) == (set(Compression) if writes else set())
        assert all(entry.efforts.values())
        assert bool(entry.decoder) == (Subject.PICTURE in entry.reads)


def test_a_jpeg_is_the_one_that_pillow_writes():
    samples = np.ascontiguousarray(rgb_1080p()[100:263, 150:351])
    for image, picture in (
        (Image.fromarray(samples), Picture(samples)),
        (Image.fromarray(samples[:, :, 0]), Picture(np.ascontiguousarray(samples[:, :, :1]))),
    ):
        file = BytesIO()
        image.save(file, "JPEG", quality=90, subsampling="4:4:4")
        expected = np.asarray(Image.open(file))
        for compression in Compression:
            found = Image.open(BytesIO(encode_picture(picture, FORMATS["jpeg"], compression)))
            np.testing.assert_array_equal(np.asarray(found), expected)
            assert found.info["progressive" if compression is Compression.SMALL else "jfif"]


@pytest.mark.parametrize(("dtype", "predicted"), [(np.uint8, 2), (np.uint16, 2), (np.float32, 1)])
def test_the_slopes_of_a_tiff_are_told_as_differences_where_they_are_whole_numbers(
    dtype, predicted
):
    rows, columns = np.indices((50, 70))
    samples = (rows * 2 + columns * 3 + rows * columns % 7).astype(dtype)[:, :, np.newaxis]
    noise = np.random.default_rng(2).integers(0, 2, samples.shape).astype(dtype) * dtype(200)
    for made, predictor in ((samples, predicted), (noise, 1)):
        with Image.open(BytesIO(encode_picture(Picture(made), FORMATS["tiff"]))) as image:
            assert image.tag_v2[317] == predictor
            np.testing.assert_array_equal(np.asarray(image), made[:, :, 0])
