"""Reading multipart/form-data (RFC 7578) as it arrives, into memory, with every part counted.

The framework's own form reader writes larger files to disk and copies them twice more; here
each part grows in one buffer. The bytes altogether are bounded by the limits middleware.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from service.errors import InvalidRequest, UnsupportedMediaType, name_segment

MEDIA_TYPE = "multipart/form-data"

_MAX_PARTS = 64
_MAX_NAME_LENGTH = 64


async def read_multipart(request: Request) -> dict[str, bytes]:
    """The parts of the body by their names.

    ``UnsupportedMediaType`` for another type of body, ``InvalidRequest`` for one that is not
    well-formed, ends early, repeats a name, or has too many parts.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != MEDIA_TYPE.encode():
        raise UnsupportedMediaType(f"the body must be {MEDIA_TYPE}")
    boundary = options.get(b"boundary")
    if not boundary:
        raise InvalidRequest("the Content-Type must name the multipart boundary")
    collector = _Collector()
    try:
        parser = _parser(boundary, collector)
        async for chunk in request.stream():
            parser.write(chunk)
    except FormParserError as error:
        raise InvalidRequest("the body is not well-formed multipart/form-data") from error
    if not collector.complete:
        raise collector.cut_short()
    return {name: bytes(data) for name, data in collector.parts.items()}


def _parser(boundary: bytes, collector: _Collector) -> MultipartParser:
    return MultipartParser(
        boundary,
        {
            "on_part_begin": collector.begin_part,
            "on_header_begin": collector.begin_header,
            "on_header_field": collector.header_name,
            "on_header_value": collector.header_value,
            "on_header_end": collector.end_header,
            "on_headers_finished": collector.end_headers,
            "on_part_data": collector.data,
            "on_end": collector.end,
        },
    )


@dataclass
class _Collector:
    """Takes the parser's callbacks and gathers the parts."""

    parts: dict[str, bytearray] = field(default_factory=dict)
    complete: bool = False
    _name: str = ""
    _header_name: bytes = b""
    _header_value: bytes = b""
    _disposition: bytes = b""

    def begin_part(self) -> None:
        if len(self.parts) >= _MAX_PARTS:
            raise InvalidRequest(f"a form may have at most {_MAX_PARTS} parts")
        self._name, self._disposition = "", b""

    def begin_header(self) -> None:
        self._header_name = self._header_value = b""

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value

    def end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        try:
            self._name = options.get(b"name", b"").decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest("the name of a part must be UTF-8") from error
        if not self._name or len(self._name) > _MAX_NAME_LENGTH:
            raise InvalidRequest(
                "each part must have a name in its Content-Disposition, of at most "
                f"{_MAX_NAME_LENGTH} characters"
            )
        if self._name in self.parts:
            raise InvalidRequest.at(name_segment(self._name), "a field may be given only once")
        self.parts[self._name] = bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        self.parts[self._name] += memoryview(data)[start:end]

    def end(self) -> None:
        self.complete = True

    def cut_short(self) -> InvalidRequest:
        """The error of a body that ended before its closing boundary."""
        detail = "the body ended before its closing boundary"
        return InvalidRequest.at(name_segment(self._name), detail)
