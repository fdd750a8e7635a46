"""Requests made by hand, and ASGI applications called without a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope


def scope_of(
    method: str = "POST",
    path: str = "/",
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> Scope:
    """An HTTP connection scope."""
    pairs = [(k.lower().encode(), v.encode("latin-1")) for k, v in (headers or {}).items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": pairs,
        "client": ("testclient", 1),
        "server": ("testserver", 80),
        "state": {},
    }


def receive_of(chunks: Iterable[bytes]) -> Receive:
    """What a server hands over: the chunks of a body, then that the client has gone."""
    body = list(chunks)
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": index < len(body) - 1}
        for index, chunk in enumerate(body)
    ] or [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive


def request_of(
    chunks: Iterable[bytes] = (), headers: Mapping[str, str] | None = None, query: str = ""
) -> Request:
    """A request whose body arrives in these chunks."""
    return Request(scope_of(headers=headers, query=query), receive_of(chunks))


@dataclass
class Reply:
    """What an application sent, and how many messages it took to get there."""

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    received: int = 0


async def reply_of(app: ASGIApp, scope: Scope, chunks: Iterable[bytes] = ()) -> Reply:
    """The application's answer to one request."""
    reply, source = Reply(), receive_of(chunks)

    async def receive() -> Message:
        reply.received += 1
        return await source()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = Headers(raw=list(message["headers"]))
        else:
            reply.body += message.get("body", b"")

    await app(scope, receive, send)
    return reply


def multipart_of(
    parts: Iterable[tuple[str, bytes]] | Mapping[str, bytes], boundary: str = "frontier"
) -> tuple[bytes, dict[str, str]]:
    """A form's body and its headers; each part is (its header lines, its data)."""
    pairs: Any = parts.items() if isinstance(parts, Mapping) else parts
    body = b""
    for head, data in pairs:
        lines = head if ":" in head else f'Content-Disposition: form-data; name="{head}"'
        body += (
            f"--{boundary}\r\n".encode() + lines.encode("latin-1") + b"\r\n\r\n" + data + b"\r\n"
        )
    body += f"--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
