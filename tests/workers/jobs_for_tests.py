"""Jobs that the tests run in workers: good ones, failing ones and deadly ones."""

import contextlib
import ctypes
import errno
import os
import socket
import time
from pathlib import Path

import orjson

from service.errors import ERRORS, FieldFault

LEAKED = []


def echo(parts, **arguments):
    body = b"".join(parts.values())
    return {"names": list(parts), "arguments": arguments}, body


def reversed_view(parts):
    return {}, parts["data"][::-1]


def pid(parts):
    return {"pid": os.getpid()}, b""


def sleep(parts, seconds):
    time.sleep(seconds)
    return {"pid": os.getpid()}, b""


def note(parts, path, number, seconds):
    with Path(path).open("a") as file:
        file.write(f"{number}\n")
    time.sleep(seconds)
    return {}, b""


def spin(parts, path):
    Path(path).touch()
    while True:
        pass


def write_to_part(parts):
    parts["data"][0] = 1
    return {}, b""


def offsets_from_alignment(parts):
    import numpy as np

    addresses = [np.frombuffer(part, np.uint8).ctypes.data for part in parts.values()]
    return {"remainders": [address % 64 for address in addresses]}, b""


def raise_service_error(parts, code):
    raise ERRORS[code]("What was wrong.", [FieldFault("/kernel/values/0", "It is wrong.")])


def fail_in_a_stage(parts):
    error = ERRORS["invalid-request"]("What was wrong.")
    error.milliseconds = {"decode": 1.5, "plan": 0.25}
    raise error


def raise_unexpected(parts):
    raise ZeroDivisionError("secret words of the input")


def recurse(parts):
    return recurse(parts)


def raise_lone_surrogate(parts):
    raise ValueError("\ud800")


def refuse_with_lone_surrogate(parts):
    raise ERRORS["invalid-request"]("\ud800")


def unencodable_facts(parts):
    return {"facts": object()}, b""


def no_body(parts):
    return {}, None


def not_a_pair(parts):
    return 3


def take_memory(parts):
    return {}, bytes(2**33)


def fail_to_map(parts):
    raise OSError(errno.ENOMEM, "no memory to map")


def opencv_memory(parts):
    import cv2
    import numpy as np

    return {}, cv2.resize(np.ones((1, 1), np.uint8), (60_000, 60_000)).data


def native_to_use(parts):
    """The instruction set of the compiled engines that it may use, or None."""
    from service.convolution.compiled import native_engines

    engines = native_engines()
    return {"native": engines.instruction_set if engines else None}, b""


def threads_to_take(parts, seconds=0.0):
    """How many threads it may compute with, as OpenCV knows it and as this service does."""
    import cv2

    from service.convolution.threads import threads

    time.sleep(seconds)
    return {"opencv": cv2.getNumThreads(), "own": threads()}, b""


def environment(parts):
    return dict(os.environ), b""


def die(parts, number):
    os.kill(os.getpid(), number)
    time.sleep(60)


def die_once(parts, path, number):
    if not Path(path).exists():
        Path(path).touch()
        die(parts, number)
    return {"pid": os.getpid()}, bytes(parts["data"])


def crash(parts, hint=None):
    ctypes.string_at(0)


def abort(parts):
    os.abort()


def leave(parts):
    raise SystemExit(3)


def leave_at_once(parts):
    os._exit(0)


def crash_for_want_of_memory(parts):
    """What C code does that never looks at what malloc gave it."""
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    library.malloc.argtypes = [ctypes.c_size_t]
    library.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
    library.memset(library.malloc(2**33), 1, 2**33)


def hold_the_interpreter(parts):
    """Sleep in C without letting go of the GIL."""
    ctypes.PyDLL(None).sleep(600)


def leak(parts, size):
    LEAKED.append(b"x" * size)
    return {"pid": os.getpid()}, b""


def make_noise(parts):
    for descriptor in (1, 2):
        os.write(descriptor, b"noise\n" * 100_000)
    return {}, bytes(parts["data"])


def hang_up(parts):
    os.close(_socket())
    time.sleep(60)


def hang_up_when_done(parts):
    """Answer, and be gone when the next job comes, though the process lives."""
    connection = socket.socket(fileno=_socket())
    payload = orjson.dumps({"facts": {}, "length": 0})
    connection.sendall(len(payload).to_bytes(4, "big") + payload)
    connection.shutdown(socket.SHUT_RDWR)
    time.sleep(60)


def answer_twice(parts):
    payload = orjson.dumps({"facts": {"of": "another caller"}, "length": 0})
    os.write(_socket(), 2 * (len(payload).to_bytes(4, "big") + payload))
    time.sleep(60)


def fill_the_files(parts, limit):
    """Make each memory file as large as a file may be, and then larger."""
    for descriptor in _descriptors("memfd:"):
        os.pwrite(descriptor, b"x", limit - 1)
        os.pwrite(descriptor, b"x", limit)
    return {}, b""


def talk_nonsense(parts, text):
    """What a taken-over worker might do: write to the pool's socket by itself."""
    payload = text.encode()
    os.write(_socket(), len(payload).to_bytes(4, "big") + payload)
    time.sleep(60)


def announce_too_much(parts, length):
    talk_nonsense(parts, orjson.dumps({"facts": {}, "length": length}).decode())


def refuse(parts, **arguments):
    raise ERRORS["limit-exceeded"]("It is too much work.")


def judge(parts, *, express, path, **arguments):
    """An estimate that notes that it was asked."""
    with Path(path).open("a") as file:
        file.write("estimate\n")
    return {"express": express}, b""


def note_lane(parts, *, express, path):
    with Path(path).open("a") as file:
        file.write("job\n")
    return {"pid": os.getpid()}, b""


def _socket():
    return _descriptors("socket:")[0]


def _descriptors(kind):
    """The descriptors beyond the standard ones whose links begin so."""
    found = []
    for fd in range(3, 1000):
        with contextlib.suppress(OSError):
            if Path(f"/proc/self/fd/{fd}").readlink().name.startswith(kind):
                found.append(fd)
    return found
