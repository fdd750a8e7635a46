"""How much of a request, beside its body, has arrived."""

from __future__ import annotations

from service.errors import HeadersTooLarge, UriTooLong


class MessageMeter:
    """Counts one connection's bytes, message by message.

    What the parser reports is counted exactly. Of what it still collects, such as a header's
    value without an end, only the amounts fed to it are known; so they are counted too, from
    the last time that something came of them.
    """

    def __init__(
        self, max_request_line_bytes: int, max_header_bytes: int, max_header_count: int
    ) -> None:
        self._max_request_line_bytes = max_request_line_bytes
        self._max_header_bytes = max_header_bytes
        self._max_header_count = max_header_count
        self._header_bytes = 0
        self._header_count = 0
        self._collected_bytes = 0
        self._yielded = False

    def begin(self) -> None:
        """A message begins."""
        self._header_bytes = self._header_count = 0
        self.yielded()

    def request_line(self, length: int) -> None:
        """So long is the request line, as far as it is known; ``UriTooLong``."""
        if length > self._max_request_line_bytes:
            raise UriTooLong(
                f"the request line may have at most {self._max_request_line_bytes} bytes"
            )

    def header(self, name: bytes, value: bytes) -> None:
        """A header line came; ``HeadersTooLarge``."""
        self._header_count += 1
        self._header_bytes += len(name) + len(b": ") + len(value) + len(b"\r\n")
        if self._header_count > self._max_header_count:
            raise HeadersTooLarge(f"a request may have at most {self._max_header_count} headers")
        if self._header_bytes > self._max_header_bytes:
            raise self._too_large()

    def yielded(self) -> None:
        """Something came of the bytes: a message began, or a part of its body is there."""
        self._yielded = True
        self._collected_bytes = 0

    def fed(self, length: int) -> None:
        """So many bytes were fed to the parser; ``HeadersTooLarge`` where nothing comes of them."""
        if not self._yielded:
            self._collected_bytes += length
        self._yielded = False
        if self._collected_bytes > self._max_request_line_bytes + self._max_header_bytes:
            raise self._too_large()

    def _too_large(self) -> HeadersTooLarge:
        return HeadersTooLarge(
            "the headers, and what a chunked body has beside its data, may have at most "
            f"{self._max_header_bytes} bytes"
        )
