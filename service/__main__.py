"""``python -m service``: serve with the settings of the environment."""

from __future__ import annotations

import ctypes
import logging.config
import resource
import signal
import sys
from types import FrameType
from typing import Final

import uvicorn
from pydantic import ValidationError

from service.api.edge.protocol import guarded_protocol
from service.api.observing.logs import logging_configuration
from service.app import connection_limits, create_app
from service.settings import Settings

# M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h.
_MMAP_THRESHOLD: Final = -3
_TRIM_THRESHOLD: Final = -1


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _allow_open_files() -> None:
    """Take as many descriptors as the system gives: each connection and worker needs some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _keep_freed_memory() -> None:
    """Let the bodies of requests use the same memory again, where there is glibc.

    It comes to that by itself, but with the first body of many megabytes only; until then each
    body's pages are given back and taken anew, which costs a seventh of the time of an upload.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, 8 << 20)
        library.mallopt(_TRIM_THRESHOLD, 64 << 20)


def main() -> int:
    """Serve until a signal ends it; 0 after an orderly end, 2 where a setting is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = "CONVOLUTION_" + "_".join(map(str, fault["loc"])).upper()
            sys.stderr.write(f"{name}: {fault['msg']}\n")
        return 2
    _allow_open_files()
    _keep_freed_memory()
    # uvicorn shuts down in good order at a signal, and then raises it again for whoever was
    # there before: an orderly end is to be told as one.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    logging.config.dictConfig(logging_configuration(settings.log_format, settings.log_level))
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http=guarded_protocol(connection_limits(settings)),
        ws="none",
        log_config=None,
        log_level=settings.log_level,
        access_log=False,
        proxy_headers=bool(settings.forwarded_allow_ips),
        forwarded_allow_ips=settings.forwarded_allow_ips,
        timeout_graceful_shutdown=int(settings.shutdown_grace_seconds),
        server_header=False,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
