"""What a download has to say while it goes on."""

from __future__ import annotations

from typing import TextIO

_MEGABYTE = 1_000_000


class Progress:
    """Tells on ``stream`` how much of ``total`` bytes is there.

    On a terminal one line is rewritten at every percent, elsewhere a line is added at every
    tenth.
    """

    def __init__(self, stream: TextIO, total: int) -> None:
        self._stream = stream
        self._total = total
        self._rewriting = stream.isatty()
        self._step = 1 if self._rewriting else 10
        self._shown: int | None = None

    def at(self, done: int) -> None:
        """``done`` bytes are there."""
        percent = 100 * done // self._total // self._step * self._step
        if percent == self._shown:
            return
        self._shown = percent
        line = f"{done / _MEGABYTE:.1f} of {self._total / _MEGABYTE:.1f} MB ({percent}%)"
        self._write(f"\r{line}" if self._rewriting else f"{line}\n")

    def say(self, sentence: str) -> None:
        """A sentence on a line of its own."""
        self.end()
        self._write(f"{sentence}\n")

    def end(self) -> None:
        """Leave the line that is being rewritten, if there is one, as it is."""
        if self._rewriting and self._shown is not None:
            self._write("\n")
        self._shown = None

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
