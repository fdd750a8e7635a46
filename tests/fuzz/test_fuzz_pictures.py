"""Thousands of files that are nearly sound, each judged in a process with little memory."""

import random
import time

import pytest

from tests.fuzz import jpeg_files, mutations, other_files, png_files, tiff_bombs
from tests.fuzz.jail import Jail
from tests.fuzz.tiny_files import PICTURES, TABLES

pytestmark = pytest.mark.slow

# The alarm of a jail: generous, for machines that have much else to do.
SECONDS = 120
# A picture of a million pixels and 16 channels of 64 bits, with its copies on the way.
MOST_GROWN = 400 << 20
HOSTILE = {
    f"{family}-{name}": make
    for family, files in (
        ("png", png_files.HOSTILE),
        ("jpeg", jpeg_files.HOSTILE),
        ("tiff", tiff_bombs.HOSTILE),
        ("other", other_files.HOSTILE),
    )
    for name, make in files.items()
}
OUTPUTS = ("png", "jpeg", "webp", "tiff", "npy", "json")
FIELDS = {
    "kernel": ["laplacian", "sobel", "[[0,1],[2,3]]", '{"name":"gaussian","size":5}', "[1,-1]"],
    "mode": ["full", "same", "valid"],
    "boundary": ["constant", "edge", "reflect", "symmetric", "wrap"],
    "absolute": ["true"],
    "bias": ["-3.5", "1e308"],
    "channels": ["luma", "red", "keep"],
    "alpha": ["preserve", "premultiplied", "drop"],
    "linear_light": ["true"],
    "depth": ["8", "16"],
    "scaling": ["clip", "minmax", "none"],
    "frame": ["0", "1", "9999"],
    "nan": ["ignore"],
    "stride": ["2", "[1,3]"],
    "method": ["fft", "direct", "separable"],
}


@pytest.fixture(scope="module")
def jail():
    with Jail(SECONDS) as process:
        yield process


def assert_answered(verdict, data):
    """A sound result or a refusal, within the bounds on time and memory."""
    assert verdict.sound or verdict.refused, (verdict, data[:200])
    assert verdict.grown_bytes < MOST_GROWN, (verdict, data[:200])


def mutants(data, seed):
    yield from mutations.cut_everywhere(data)
    yield from mutations.every_bit_flipped(data, 60)
    yield from mutations.every_number_extreme(data, 40)
    yield from mutations.spliced(data, 150, seed)


@pytest.mark.parametrize("name", PICTURES)
def test_a_tiny_picture_that_is_sound_is_read(jail, name):
    assert jail.judge(PICTURES[name]).sound


@pytest.mark.parametrize("name", PICTURES)
def test_whatever_is_changed_of_a_picture_is_read_or_refused(jail, name):
    for changed in mutants(PICTURES[name], seed=1):
        assert_answered(jail.judge(changed), changed)


@pytest.mark.parametrize("name", TABLES)
def test_whatever_is_changed_of_a_file_of_numbers_is_read_or_refused(jail, name):
    kind, data = TABLES[name]
    for changed in mutants(data, seed=2):
        assert_answered(jail.judge(changed, "table", name=kind), changed)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_made_to_do_harm_is_read_or_refused(jail, name):
    data = HOSTILE[name]()
    assert_answered(jail.judge(data), data)


@pytest.mark.parametrize("frame", [1, 9_999])
@pytest.mark.parametrize(
    "make",
    [
        lambda: png_files.animation(9_999, 5, 6),
        HOSTILE["other-gif-100000-frames"],
        HOSTILE["other-webp-20000-frames"],
        HOSTILE["tiff-pages-100000"],
    ],
    ids=["png", "gif", "webp", "tiff"],
)
def test_a_late_frame_of_very_many_is_found_or_refused(jail, make, frame):
    data = make()
    assert_answered(jail.judge(data, frame=frame), data)


@pytest.mark.parametrize("name", [*PICTURES, *HOSTILE])
def test_no_sample_is_left_as_memory_was_before(fresh_memories, name):
    if name in PICTURES:
        files = [*mutations.spliced(PICTURES[name], 40, seed=3), PICTURES[name]]
    else:
        files = [HOSTILE[name]()]
    for data in files:
        low, high = (jail.judge(data) for jail in fresh_memories)
        assert (low.outcome, low.digest) == (high.outcome, high.digest), data[:200]


@pytest.fixture(scope="module")
def fresh_memories():
    """Two processes in which memory that nobody has written to holds different bytes."""
    with Jail(SECONDS, fresh_bytes=1) as low, Jail(SECONDS, fresh_bytes=170) as high:
        yield low, high


def random_fields(chance):
    chosen = chance.sample(sorted(FIELDS), chance.randint(0, 4))
    return {name: chance.choice(FIELDS[name]) for name in {"kernel", *chosen}}


def test_changed_files_are_convolved_with_random_options_or_refused(jail):
    chance = random.Random(20)
    end = time.monotonic() + 20
    judged = 0
    while time.monotonic() < end:
        (data,) = mutations.spliced(PICTURES[chance.choice(sorted(PICTURES))], 1, chance.random())
        job = chance.choice(["convolve", "convolve", "convolve", "measure", "activate"])
        given = random_fields(chance) if job != "activate" else {"count": "2"}
        if job == "measure":
            del given["kernel"]
        output = chance.choice(OUTPUTS if job != "activate" else ["png", "npy", "json"])
        assert_answered(jail.judge(data, job, given=given, output=output), data)
        judged += 1
    assert judged > 100


def test_changed_tables_are_convolved_with_random_options_or_refused(jail):
    chance = random.Random(21)
    shared = {"kernel", "mode", "boundary", "absolute", "bias", "nan", "stride", "method"}
    for _ in range(1_500):
        _, sound = TABLES[chance.choice(sorted(TABLES))]
        (data,) = mutations.spliced(sound, 1, chance.random())
        given = {name: text for name, text in random_fields(chance).items() if name in shared}
        output = chance.choice(["json", "npy", "csv"])
        verdict = jail.judge(data, "convolve file", given=given, output=output)
        assert_answered(verdict, data)
