"""What both convolve endpoints read alike: ``format`` and ``include``, from query or form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import Request

from service.api.problems import declared
from service.api.serving.jobs import check_query
from service.api.serving.multipart import Form
from service.api.serving.negotiation import choose_format
from service.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    InvalidRequest,
    NotAcceptable,
    QueueFull,
    UnsupportedMediaType,
)
from service.formats.table import FORMATS, Format, Subject
from service.pipelines.answers import INCLUDABLE

# They say how to answer, not what to compute, and so are no part of the specification.
ASKING: Final = ("format", "include")

# How a convolution can end besides its answer.
CONVOLUTION_FAULTS: Final = declared(
    InvalidRequest, NotAcceptable, BodyTooLarge, UnsupportedMediaType, QueueFull, DeadlineExceeded
)


@dataclass(frozen=True)
class Asking:
    """The format of the answer and what a JSON answer is to include."""

    output: Format
    include: tuple[str, ...]


def written(subject: Subject, first: str | None = None) -> list[Format]:
    """The formats that a subject is answered in, the preferred one first."""
    formats = [each for each in FORMATS.values() if subject in each.writes]
    return sorted(formats, key=lambda each: each.name != first)


def read_asking(request: Request, offered: Sequence[Format], parts: Form | None = None) -> Asking:
    """What the request asks of its answer; takes the two fields out of a form's ``parts``."""
    asked = _asked(request, ASKING, {} if parts is None else parts)
    output = choose_format(request.headers.get("accept"), asked["format"], offered)
    return Asking(output, _included(asked["include"]))


def read_output(request: Request, offered: Sequence[Format], parts: Form) -> Format:
    """The format asked for, where nothing else can be; takes ``format`` out of the ``parts``."""
    asked = _asked(request, ("format",), parts)
    return choose_format(request.headers.get("accept"), asked["format"], offered)


def _asked(request: Request, names: Sequence[str], form: Form) -> dict[str, str | None]:
    check_query(request, names)
    given = {name: _text(name, form.pop(name)) for name in names if name in form}
    return {name: _one(name, given.get(name), request.query_params.get(name)) for name in names}


def _text(name: str, value: bytearray) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest.at(f"/{name}", "must be UTF-8 text") from error


def _one(name: str, in_form: str | None, in_query: str | None) -> str | None:
    if in_form is not None and in_query is not None:
        raise InvalidRequest.at(f"/{name}", "is given both in the query and in the form")
    return in_form if in_form is not None else in_query


def _included(text: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",")) if text is not None else ()
    if not set(names) <= set(INCLUDABLE):
        raise InvalidRequest.at("/include", f"may name these: {', '.join(INCLUDABLE)}")
    return names
