"""Clients that take their answers, and those that don't, by a clock that is turned by hand."""

from __future__ import annotations

import socket
import struct

import pytest

from service.api.edge.delivery import DeliveryWatch

MEGABYTE = 1 << 20


class Timer:
    cancelled = False

    def cancel(self):
        self.cancelled = True


class Loop:
    """A loop whose time passes when it is told to."""

    def __init__(self):
        self.due = None

    def call_later(self, seconds, function, *arguments):
        assert seconds == 30
        self.due = (function, arguments)
        return Timer()

    def pass_time(self):
        function, arguments = self.due
        self.due = None
        function(*arguments)


class Socket:
    lingers = True

    def setsockopt(self, level, option, value):
        assert (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER)
        self.lingers = struct.unpack("ii", value) != (1, 0)


class Transport:
    unsent = 0
    aborted = False

    def __init__(self):
        self.socket = Socket()

    def get_write_buffer_size(self):
        return self.unsent

    def get_extra_info(self, name):
        return {"socket": self.socket}[name]

    def abort(self):
        # What the kernel still holds is to go with it.
        assert not self.socket.lingers
        self.aborted = True


@pytest.fixture
def watched():
    loop, transport = Loop(), Transport()
    return loop, transport, DeliveryWatch(loop, transport, 30)


def sizes_until_aborted(loop, transport, sizes):
    for looked, transport.unsent in enumerate(sizes, 1):
        loop.pass_time()
        if transport.aborted:
            return looked
    return None


@pytest.mark.parametrize(
    "sizes",
    [
        [MEGABYTE, MEGABYTE],
        [0, 0, MEGABYTE, MEGABYTE],
        [MEGABYTE, MEGABYTE - 1000],
        [100, 99],
        [1, 1],
        [9 * MEGABYTE, 8 * MEGABYTE, 7 * MEGABYTE, 7 * MEGABYTE],
    ],
)
def test_a_connection_whose_client_takes_nothing_to_speak_of_is_aborted(watched, sizes):
    loop, transport, _ = watched
    assert sizes_until_aborted(loop, transport, sizes) == len(sizes)
    assert loop.due is None


@pytest.mark.parametrize(
    "sizes",
    [
        [0] * 9,
        [MEGABYTE, 0, MEGABYTE, 0],
        [MEGABYTE, MEGABYTE - 65_536, MEGABYTE - 131_072],
        [100, 0],
    ],
)
def test_a_connection_whose_client_takes_its_answer_is_kept(watched, sizes):
    loop, transport, _ = watched
    assert sizes_until_aborted(loop, transport, sizes) is None
    assert loop.due


def test_as_much_unsent_as_before_is_no_standstill_where_something_was_taken_between(watched):
    loop, transport, watch = watched
    transport.unsent = MEGABYTE
    for _ in range(3):
        loop.pass_time()
        watch.note()
    assert not transport.aborted
    loop.pass_time()
    loop.pass_time()
    assert transport.aborted
