"""Whether the service in this container answers: exit status 0 or 1.

Live, not ready: a service that drains, or whose workers are being replaced, is not to be
restarted for it.
"""

from __future__ import annotations

import http.client
import os

TIMEOUT_SECONDS = 2.0


def main() -> int:
    """Ask for /healthz; 0 where it says 200 in time."""
    port = int(os.environ.get("CONVOLUTION_PORT", "8000"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    raise SystemExit(main())
