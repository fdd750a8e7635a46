"""What runs inside the fork server: ``python -m service.workers.forking ...``.

It imports what workers need, once, and then forks one whenever the pool asks: that takes
milliseconds where the imports take a second, and the workers share their memory. It has one
thread and sees nothing of what callers send.
"""

from __future__ import annotations

import gc
import importlib
import os
import socket
import sys
from collections.abc import Sequence

from service.convolution.compiled import select_native, use_native
from service.workers import messages
from service.workers.fork_server import FORK, PID_BYTES
from service.workers.preparation import prepare_fork_server, prepare_worker
from service.workers.process import serve

WORKER_DESCRIPTORS = 3
"""A worker's socket, inbox and outbox."""


def main(arguments: Sequence[str]) -> None:
    """Fork workers until the pool closes its socket; in each of them, serve jobs.

    The arguments: the socket's descriptor, the parent's pid, a worker's memory limit in bytes, the
    compiled engines to use as ``select_native`` takes them, and the modules to import.
    """
    control_fd, parent_pid, memory_bytes = map(int, arguments[:3])
    prepare_fork_server(parent_pid, {0, 1, 2, control_fd})
    engines = select_native(arguments[3])
    for module in arguments[4:]:
        importlib.import_module(module)
    # A collection in a worker would write to every object, and so copy the shared memory.
    gc.collect()
    gc.freeze()
    own_pid = os.getpid()
    with socket.socket(fileno=control_fd) as control:
        descriptors = _fork_when_asked(control)
    if descriptors:
        prepare_worker(own_pid, memory_bytes)
        with use_native(engines):
            serve(*descriptors)


def _fork_when_asked(control: socket.socket) -> list[int]:
    """Follow the pool's orders; returns in each worker with its descriptors, here with none."""
    control.sendall(messages.encode({"ready": True}))
    while True:
        order, descriptors, _, _ = socket.recv_fds(control, PID_BYTES, WORKER_DESCRIPTORS)
        if not order:
            return []
        if order != FORK:
            os.waitpid(int.from_bytes(order, "big"), 0)
            continue
        try:
            pid = os.fork()
        except OSError as error:
            answer = {"errno": error.errno}
        else:
            if pid == 0:
                return descriptors
            answer = {"pid": pid}
        for descriptor in descriptors:
            os.close(descriptor)
        control.sendall(messages.encode(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
