"""What leaves a connection together."""

from __future__ import annotations

import pytest

from service.api.edge.joined_writes import JoinedWrites


class Transport:
    """Notes what is written to it at once."""

    def __init__(self):
        self.writes = []
        self.closed = False

    def write(self, data):
        self.writes.append(bytes(data))

    def writelines(self, pieces):
        self.writes.append(b"".join(pieces))

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed


@pytest.fixture
def transport():
    return Transport()


@pytest.fixture
def writes(transport):
    return JoinedWrites(transport)


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 1_000_000])
def test_what_is_held_goes_out_with_what_comes_next_and_before_it(transport, writes, size):
    body = b"b" * size
    writes.hold()
    writes.write(b"head")
    assert transport.writes == []
    writes.write(body)
    writes.write(b"more")
    assert transport.writes == [b"head" + body, b"more"]


def test_what_nothing_follows_goes_out_when_it_is_released(transport, writes):
    writes.hold()
    writes.write(b"head")
    writes.release()
    writes.release()
    assert transport.writes == [b"head"]


def test_nothing_is_written_for_a_release_alone(transport, writes):
    writes.hold()
    writes.release()
    assert transport.writes == []
    writes.write(b"x")
    assert transport.writes == [b"x"]


def test_an_end_loses_nothing(transport, writes):
    writes.hold()
    writes.write(b"head")
    assert not writes.is_closing()
    writes.close()
    assert transport.writes == [b"head"]
    assert writes.is_closing()
