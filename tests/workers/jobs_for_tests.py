"""Jobs that the tests run in workers: good ones, failing ones and deadly ones."""

import ctypes
import errno
import os
import time
from pathlib import Path

import orjson

from service.errors import ERRORS, FieldFault


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


def opencv_threads(parts):
    import cv2

    return {"threads": cv2.getNumThreads()}, b""


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


def crash(parts):
    ctypes.string_at(0)


def leave(parts):
    raise SystemExit(3)


def talk_nonsense(parts, text):
    """What a taken-over worker might do: write to the pool's socket by itself."""
    connection = next(fd for fd in range(3, 1000) if _is_socket(fd))
    payload = text.encode()
    os.write(connection, len(payload).to_bytes(4, "big") + payload)
    time.sleep(60)


def announce_too_much(parts, length):
    talk_nonsense(parts, orjson.dumps({"facts": {}, "length": length}).decode())


def _is_socket(fd):
    try:
        return Path(f"/proc/self/fd/{fd}").readlink().name.startswith("socket:")
    except OSError:
        return False
