import asyncio
import socket
import threading

import pytest

from service.workers import messages


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("message", [{}, {"a": [1, 2.5, None, "ü"]}, {"long": "x" * 10**6}])
async def test_messages_arrive_whole_in_both_directions(ends, message):
    ours, theirs = ends
    for _ in range(2):
        sender = threading.Thread(target=theirs.sendall, args=(messages.encode(message),))
        sender.start()
        assert await messages.receive(ours) == message
        sender.join()
    sending = asyncio.get_running_loop().sock_sendall(ours, messages.encode(message) * 2)
    with theirs.makefile("rb") as stream:

        def receive_both():
            return [messages.receive_blocking(stream) for _ in range(2)]

        both, _ = await asyncio.gather(asyncio.to_thread(receive_both), sending)
    assert both == [message, message]


@pytest.mark.parametrize("pieces", [(1, 3), (4, 9), (2, 7, 11)])
async def test_a_message_may_come_in_pieces(ends, pieces):
    ours, theirs = ends
    frame = messages.encode({"a": [1, 2, 3]})
    receiving = asyncio.create_task(messages.receive(ours))
    for start, end in zip((0, *pieces), (*pieces, len(frame)), strict=True):
        await asyncio.sleep(0.001)
        theirs.sendall(frame[start:end])
    assert await receiving == {"a": [1, 2, 3]}


async def test_more_than_one_message_at_a_time_is_nonsense(ends):
    ours, theirs = ends
    theirs.sendall(messages.encode({}) * 2)
    with pytest.raises(ValueError, match="asked"):
        await messages.receive(ours)


@pytest.mark.parametrize("sent", [b"", b"\0\0", b"\0\0\0\x09{}"])
async def test_a_connection_that_ends_early_is_an_end_of_file(ends, sent):
    ours, theirs = ends
    theirs.sendall(sent)
    theirs.close()
    with pytest.raises(EOFError):
        await messages.receive(ours)


@pytest.mark.parametrize(
    "sent", [b"\xff\xff\xff\xff", b"\0\0\0\x02[]", b"\0\0\0\x02{]", b"\0\0\0\0"]
)
async def test_nonsense_is_refused(ends, sent):
    ours, theirs = ends
    theirs.sendall(sent)
    with pytest.raises((ValueError, TypeError)):
        await messages.receive(ours)


def test_what_json_cannot_say_is_not_encoded():
    with pytest.raises(TypeError):
        messages.encode({"a": object()})


def test_a_message_longer_than_a_frame_may_be_is_not_encoded(monkeypatch):
    monkeypatch.setattr(messages, "FRAME_LIMIT_BYTES", 10)
    with pytest.raises(ValueError, match="longer"):
        messages.encode({"a": "0123456789"})
