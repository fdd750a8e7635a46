"""``python -m service``: serve with the settings of the environment."""

from __future__ import annotations

import sys

import uvicorn
from pydantic import ValidationError

from service.app import create_app
from service.settings import Settings


def main() -> int:
    """Serve until a signal ends it; 0 after an orderly end, 2 where a setting is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = "CONVOLUTION_" + "_".join(map(str, fault["loc"])).upper()
            sys.stderr.write(f"{name}: {fault['msg']}\n")
        return 2
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
