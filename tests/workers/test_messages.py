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
    sender = threading.Thread(target=theirs.sendall, args=(messages.encode(message) * 2,))
    sender.start()
    assert await messages.receive(ours) == message
    assert await messages.receive(ours) == message
    sender.join()
    sending = asyncio.get_running_loop().sock_sendall(ours, messages.encode(message))
    received, _ = await asyncio.gather(
        asyncio.to_thread(messages.receive_blocking, theirs), sending
    )
    assert received == message


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
