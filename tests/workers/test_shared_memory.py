import mmap
import os
from types import SimpleNamespace

import pytest

from service.workers import shared_memory
from service.workers.shared_memory import ALIGNMENT, KEPT_BYTES, MemoryFile, offsets_of


@pytest.fixture
def memory():
    file = MemoryFile.create()
    yield file
    file.close()


@pytest.fixture(params=["memfd", "temporary file"])
def any_memory(request, monkeypatch):
    if request.param == "temporary file":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    file = MemoryFile.create()
    yield file
    file.close()


@pytest.mark.parametrize("data", [b"", b"a", bytes(range(256)) * 1000])
def test_what_is_written_is_read_and_viewed(any_memory, data):
    any_memory.write(data)
    assert any_memory.read(len(data)) == data
    assert bytes(any_memory.view(len(data))) == data


def test_data_go_where_they_are_told(memory):
    memory.write(b"abcdef")
    memory.write(memoryview(b"XY"), 2)
    assert memory.read(6) == b"abXYef"


def test_any_contiguous_buffer_is_written_whole(memory):
    memory.write(memoryview(bytes(range(24))).cast("B", (2, 3, 4)))
    assert memory.read(24) == bytes(range(24))


def test_a_buffer_with_gaps_is_refused(memory):
    with pytest.raises(TypeError):
        memory.write(memoryview(b"abcdef")[::2])


def test_reading_past_the_end_is_refused_without_allocating(memory):
    memory.write(b"abc")
    with pytest.raises(ValueError, match="shorter"):
        memory.read(2**60)


def test_views_are_read_only(memory):
    memory.write(b"abc")
    with pytest.raises(TypeError):
        memory.view(3)[0] = 1


def test_a_view_is_of_what_was_written_last_whatever_was_viewed_before(any_memory):
    for number, size in enumerate([10, 100_000, 3, 5_000, 300_000, 1]):
        data = bytes([number + 1]) * size
        any_memory.write(data)
        assert bytes(any_memory.view(size)) == data


def test_a_view_of_an_emptied_and_refilled_file_is_of_the_new_content(memory):
    memory.write(b"a" * (KEPT_BYTES + 1))
    assert bytes(memory.view(3)) == b"aaa"
    memory.view(KEPT_BYTES + 1)
    memory.shrink()
    memory.write(b"bcd")
    assert bytes(memory.view(3)) == b"bcd"


def test_views_are_mapped_once_but_for_huge_ones(memory, monkeypatch):
    mappings = []

    def counted(*arguments, **options):
        mappings.append(arguments)
        return mmap.mmap(*arguments, **options)

    monkeypatch.setattr(shared_memory, "mmap", SimpleNamespace(**vars(mmap) | {"mmap": counted}))
    memory.write(b"a" * 5000)
    for length in (5000, 4999, 1, 5000):
        memory.view(length)
    assert len(mappings) == 1
    memory.write(b"z", KEPT_BYTES)
    for _ in range(2):
        memory.view(KEPT_BYTES + 1)
    assert len(mappings) == 3


def test_a_huge_file_is_emptied_and_a_small_one_kept(memory):
    memory.write(b"abc")
    memory.shrink()
    assert memory.read(3) == b"abc"
    memory.write(b"z", KEPT_BYTES)
    memory.shrink()
    assert os.fstat(memory.descriptor).st_size == 0


def test_the_file_is_not_inherited_unasked(memory):
    assert not os.get_inheritable(memory.descriptor)


def test_offsets_are_aligned_and_do_not_overlap():
    lengths = [0, 1, ALIGNMENT, ALIGNMENT + 1, 5]
    offsets = offsets_of(lengths)
    assert offsets == [0, 0, ALIGNMENT, 2 * ALIGNMENT, 4 * ALIGNMENT]
    assert offsets_of([]) == []
