"""``python -m service``: serve with the settings of the environment."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import uvicorn
from pydantic import ValidationError

from service.app import create_app
from service.settings import Settings


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> int:
    """Serve until a signal ends it; 0 after an orderly end, 2 where a setting is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = "CONVOLUTION_" + "_".join(map(str, fault["loc"])).upper()
            sys.stderr.write(f"{name}: {fault['msg']}\n")
        return 2
    # uvicorn shuts down in good order at a signal, and then raises it again for whoever was
    # there before: an orderly end is to be told as one.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        timeout_graceful_shutdown=int(settings.shutdown_grace_seconds),
        server_header=False,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
