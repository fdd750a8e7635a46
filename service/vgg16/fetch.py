"""The file of weights that Keras publishes: downloaded, verified, and put in place at once."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from service.vgg16.download import FetchFailed, Patience, download
from service.vgg16.progress import Progress


@dataclass(frozen=True)
class Published:
    """A file that is published: where, how many bytes long, and its MD5 in hexadecimal."""

    url: str
    size: int
    md5: str

    @property
    def name(self) -> str:
        """What the file is called where it is published."""
        return PurePosixPath(urlsplit(self.url).path).name


KERAS: Final = Published(
    url="https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
    "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    size=58_889_256,
    md5="6d6bbae143d832006294945121d1f1fc",
)
"""All the convolution layers of VGG16, without the fully connected ones."""


def is_there(published: Published, path: Path) -> bool:
    """Whether ``path`` is that very file already; ``FetchFailed`` where it is another one."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        if _is_right(file, published):
            return True
    raise FetchFailed(f"{path} is another file: remove it, or name another path")


def fetch(published: Published, path: Path, patience: Patience, progress: Progress) -> None:
    """Download the file to ``path``, which is either complete and verified or not there.

    What came so far is kept beside it, in ``part_path(path)``, and gone on from. ``FetchFailed``
    where it can't be had, ``OSError`` where it can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(part_path(path)) as part:
        if part.seek(0, os.SEEK_END) > published.size:
            part.truncate(0)
        download(published.url, published.size, part, patience, progress)
        if not _is_right(part, published):
            part_path(path).unlink()
            raise FetchFailed("what was downloaded is not the published file (its MD5 differs)")
        os.fsync(part.fileno())
        part_path(path).replace(path)
    _synchronise(path.parent)


def part_path(path: Path) -> Path:
    """Where what is not yet complete is kept."""
    return path.with_name(f"{path.name}.part")


def _is_right(file: io.BufferedIOBase, published: Published) -> bool:
    if file.seek(0, os.SEEK_END) != published.size:
        return False
    file.seek(0)
    return hashlib.file_digest(file, _md5).hexdigest() == published.md5


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)  # all that Keras publishes


@contextmanager
def _locked(path: Path) -> Iterator[io.BufferedRandom]:
    """The file at ``path``, to read and append to, for one process at a time."""
    with path.open("ab+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who had the lock before us may have put what we opened in its place.
            ours = os.path.samestat(os.fstat(file.fileno()), path.stat())
        except (BlockingIOError, FileNotFoundError):
            ours = False
        if not ours:
            raise FetchFailed(f"another fetch has {path} open; run this one again later")
        yield file


def _synchronise(folder: Path) -> None:
    """Have the folder's entries on the disk, so that a renaming survives a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
