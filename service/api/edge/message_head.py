"""What RFC 9112 asks of a request's head, and the parser lets through.

The parser (llhttp, strict) itself refuses what would frame a message in two ways: both
``Content-Length`` and ``Transfer-Encoding``, either of them repeated or malformed, folded
lines, a space before the colon, bare CR and LF, characters that no header may have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from service.errors import MalformedRequest, MethodNotAllowed, ServiceError

_VERSIONS: Final = ("1.0", "1.1")

# Origin-form, asterisk-form and absolute-form (RFC 9112, section 3.2), without a fragment.
_TARGET: Final = re.compile(rb"(?:/[^#]*|\*|https?://[^/?#]+/[^#]*)\Z", re.IGNORECASE)

# uri-host [":" port] (RFC 9110, section 7.2); an IPv6 address stands in brackets.
_HOST: Final = re.compile(
    rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?\Z",
)


def head_fault(
    method: str, target: bytes, version: str, headers: Sequence[tuple[bytes, bytes]]
) -> ServiceError | None:
    """What is wrong with a head; the names of its ``headers`` are in lower case."""
    if method == "CONNECT":
        return MethodNotAllowed("this is no proxy: CONNECT is not taken")
    detail = (
        _version_fault(version)
        or _target_fault(target)
        or _host_fault([value for name, value in headers if name == b"host"], version)
        or _coding_fault(
            [value for name, value in headers if name == b"transfer-encoding"], version
        )
    )
    return MalformedRequest(detail) if detail else None


def _version_fault(version: str) -> str | None:
    return None if version in _VERSIONS else "HTTP/1.0 and HTTP/1.1 are spoken here"


def _target_fault(target: bytes) -> str | None:
    if _TARGET.match(target):
        return None
    return "the request's target must be a path, or a whole URL with a path, without a fragment"


def _host_fault(hosts: Sequence[bytes], version: str) -> str | None:
    if not hosts and version == "1.0":
        return None
    if len(hosts) != 1:
        return "a request must have one Host header"
    return None if _HOST.match(hosts[0].strip()) else "the Host header must name a host"


def _coding_fault(codings: Sequence[bytes], version: str) -> str | None:
    if not codings:
        return None
    if version == "1.0":
        return "HTTP/1.0 has no Transfer-Encoding"
    if [coding.strip().lower() for coding in codings] != [b"chunked"]:
        return "the only Transfer-Encoding that is read here is chunked, once"
    return None
