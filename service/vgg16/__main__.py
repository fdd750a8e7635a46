"""``python -m service.vgg16 fetch``: get the weights of all the layers."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from service.vgg16.download import FetchFailed, Patience
from service.vgg16.fetch import KERAS, Published, fetch, is_there
from service.vgg16.progress import Progress
from service.vgg16.weights import WEIGHTS_VARIABLE

_INTERRUPTED = 130  # what a shell gives for a command that Ctrl-C ended


def main(
    arguments: Sequence[str] | None = None,
    published: Published = KERAS,
    patience: Patience | None = None,
) -> int:
    """Do what the command line says; the exit status, 0 where the file is there and right."""
    parser = _parser(published)
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    progress = Progress(sys.stderr, published.size)
    try:
        path = (options.path or default_path(os.environ, published)).absolute()
        _fetch(published, path, patience or Patience(), progress)
    except KeyboardInterrupt:
        progress.say("stopped; the same command goes on from where it was")
        return _INTERRUPTED
    except FetchFailed as error:
        progress.say(str(error))
        return 1
    except OSError as error:
        what = error.filename or published.name
        progress.say(f"{what} can't be read or written: {error.strerror}")
        return 1
    _say_what_to_set(path)
    return 0


def default_path(environment: Mapping[str, str], published: Published) -> Path:
    """Where the weights go if nothing else is said: where the service looks for them.

    Without ``CONVOLUTION_VGG16_WEIGHTS`` that is the user's cache, as the XDG Base Directory
    Specification has it. ``FetchFailed`` for a user without one.
    """
    if named := environment.get(WEIGHTS_VARIABLE):
        return Path(named)
    cache = Path(environment.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():  # the specification has relative ones ignored
        try:
            cache = Path.home() / ".cache"
        except RuntimeError as error:
            raise FetchFailed(
                f"there is no home folder: give a PATH or {WEIGHTS_VARIABLE}"
            ) from error
    return cache / "convolution-service" / published.name


def _parser(published: Published) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m service.vgg16", description="The weights of VGG16 for this service."
    )
    commands = parser.add_subparsers(dest="command", metavar="fetch")
    command = commands.add_parser(
        "fetch",
        help="download the weights that Keras publishes",
        description=f"Download {published.url} ({published.size} bytes), or what is lacking of "
        "it, and put it at PATH once it is complete and its MD5 is right.",
    )
    command.add_argument(
        "path",
        nargs="?",
        type=Path,
        metavar="PATH",
        help=f"where to; by default what {WEIGHTS_VARIABLE} names, or a file in the user's cache",
    )
    return parser


def _fetch(published: Published, path: Path, patience: Patience, progress: Progress) -> None:
    if is_there(published, path):
        progress.say(f"{path} is already there, and right")
        return
    fetch(published, path, patience, progress)
    progress.say(f"{path} is there, and its MD5 is right")


def _say_what_to_set(path: Path) -> None:
    if os.environ.get(WEIGHTS_VARIABLE) != str(path):
        sys.stdout.write(f"{WEIGHTS_VARIABLE}={shlex.quote(str(path))}\n")


if __name__ == "__main__":
    raise SystemExit(main())
