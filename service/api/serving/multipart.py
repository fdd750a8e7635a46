"""Reading multipart/form-data (RFC 7578) as it arrives, into memory, with every part counted.

The framework's own form reader writes larger files to disk and copies them twice more; here
each part grows in one buffer. The bytes altogether are bounded by the limits middleware. The
name of a file says that the part is one, and is used for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from service.errors import BodyTooLarge, InvalidRequest, UnsupportedMediaType, name_segment

MEDIA_TYPE = "multipart/form-data"

Form: TypeAlias = dict[str, bytearray]
"""The parts of a form by their names; each is the only copy of its bytes."""

_MAX_PARTS: Final = 64
_MAX_NAME_LENGTH: Final = 64
_MAX_PART_HEADERS: Final = 8
_MAX_PART_HEADER_BYTES: Final = 4 << 10


@dataclass(frozen=True)
class FormLimits:
    """How large the parts of a form may be, beside the limit of the whole body."""

    max_field_bytes: int = 1 << 20


_DEFAULT_LIMITS: Final = FormLimits()


async def read_multipart(request: Request, limits: FormLimits = _DEFAULT_LIMITS) -> Form:
    """The parts of the body by their names.

    ``UnsupportedMediaType`` for another type of body, ``BodyTooLarge`` for a field that is
    larger than a field may be, ``InvalidRequest`` for a body that is not well-formed, ends
    early, repeats a name, or has too many parts, or headers of parts.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != MEDIA_TYPE.encode():
        raise UnsupportedMediaType(f"the body must be {MEDIA_TYPE}")
    boundary = options.get(b"boundary")
    if not boundary:
        raise InvalidRequest("the Content-Type must name the multipart boundary")
    collector = _Collector(limits)
    try:
        parser = _parser(boundary, collector)
        async for chunk in request.stream():
            parser.write(chunk)
    except FormParserError as error:
        raise InvalidRequest(
            "the body is not well-formed multipart/form-data, or a part has more than "
            f"{_MAX_PART_HEADERS} headers, or one of more than {_MAX_PART_HEADER_BYTES} bytes"
        ) from error
    if not collector.complete:
        raise collector.cut_short()
    return collector.parts


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
        max_header_count=_MAX_PART_HEADERS,
        max_header_size=_MAX_PART_HEADER_BYTES,
    )


@lru_cache(maxsize=64)
def _name_told(disposition: bytes) -> tuple[str, bool]:
    """The name that a Content-Disposition gives its part, empty where none, and whether to a file.

    Most forms have the same few, and parsing one takes longer than all else of a part.
    """
    _, options = parse_options_header(disposition)
    try:
        name = options.get(b"name", b"").decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("the name of a part must be UTF-8") from error
    return name, b"filename" in options


@dataclass
class _Collector:
    """Takes the parser's callbacks and gathers the parts."""

    limits: FormLimits
    parts: Form = field(default_factory=dict)
    complete: bool = False
    _is_file: bool = False
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
            if self._disposition:
                raise InvalidRequest("a part may have only one Content-Disposition")
            self._disposition = self._header_value

    def end_headers(self) -> None:
        self._name, self._is_file = _name_told(self._disposition)
        if not self._name or len(self._name) > _MAX_NAME_LENGTH:
            raise InvalidRequest(
                "each part must have a name in its Content-Disposition, of at most "
                f"{_MAX_NAME_LENGTH} characters"
            )
        if self._name in self.parts:
            raise InvalidRequest.at(name_segment(self._name), "a field may be given only once")
        self.parts[self._name] = bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        part, limit = self.parts[self._name], self.limits.max_field_bytes
        if not self._is_file and len(part) + end - start > limit:
            raise BodyTooLarge.at(
                name_segment(self._name),
                f"a field may have at most {limit} bytes; a part with a file name may have more",
            )
        part += memoryview(data)[start:end]

    def end(self) -> None:
        self.complete = True

    def cut_short(self) -> InvalidRequest:
        """The error of a body that ended before its closing boundary."""
        detail = "the body ended before its closing boundary"
        return InvalidRequest.at(name_segment(self._name), detail)
