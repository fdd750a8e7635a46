"""Peers in environments of their own, below the cache folder, installed by pip or npm."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.environment import as_user

HERE = Path(__file__).parent
MARK = "installed"
LOG = "install.log"
PATIENCE_SECONDS = 600


class NotInstalled(Exception):
    """A peer cannot be had on this machine; the message is the reason, for the report."""


def install_python(name: str, folder: Path) -> None:
    """A virtual environment in ``folder`` with ``requirements.txt`` of the peer ``name``."""
    requirements = HERE / name / "requirements.txt"
    python = str(folder / "bin" / "python")
    commands = [
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [python, "-m", "pip", "install", "--quiet", "--requirement", str(requirements)],
    ]
    _install(folder, [requirements], commands)


def python_with_libraries(folder: Path) -> Path:
    """A Python with all that this one has, and with what the engines are measured beside.

    Of the ``libraries`` those are left out that cannot be had; the log in the cache says why.
    """
    requirements = HERE / "libraries" / "requirements.txt"
    python = folder / "bin" / "python"
    links = [path for path in sys.path if path.endswith("site-packages")]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    link = folder / "lib" / version / "site-packages" / "beside.pth"
    if _is_installed(folder, [requirements]):
        link.write_text("\n".join(links))
        return python
    _run([sys.executable, "-m", "venv", "--clear", str(folder)], folder)
    link.write_text("\n".join(links))
    for line in requirements.read_text().splitlines():
        if line and not line.startswith("#"):
            with contextlib.suppress(NotInstalled):
                _run([str(python), "-m", "pip", "install", "--quiet", line], folder)
    _mark(folder, [requirements])
    return python


def install_node(name: str, folder: Path) -> None:
    """The peer ``name`` in ``folder``, with the packages of its ``package.json``."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotInstalled("Node.js with npm is not installed (Debian: apt-get install npm)")
    package = HERE / name / "package.json"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(package, folder)
    npm = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
    _install(folder, [package], [npm])


def _install(folder: Path, sources: Sequence[Path], commands: Sequence[Sequence[str]]) -> None:
    """Run the commands unless they were run for the same sources; ``NotInstalled`` on faults."""
    if _is_installed(folder, sources):
        return
    (folder / MARK).unlink(missing_ok=True)
    for command in commands:
        _run(command, folder)
    _mark(folder, sources)


def _is_installed(folder: Path, sources: Sequence[Path]) -> bool:
    mark = folder / MARK
    return mark.exists() and mark.read_text() == _digest(sources)


def _mark(folder: Path, sources: Sequence[Path]) -> None:
    (folder / MARK).write_text(_digest(sources))


def _digest(sources: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()


def _run(command: Sequence[str], folder: Path) -> None:
    tool = "npm" if command[0] == "npm" else "pip"
    folder.parent.mkdir(parents=True, exist_ok=True)
    log = folder.parent / f"{folder.name}-{LOG}"
    try:
        with log.open("ab") as output:
            subprocess.run(
                command,
                check=True,
                env=as_user(),
                stdout=output,
                stderr=output,
                timeout=PATIENCE_SECONDS,
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotInstalled(
            f"{tool} could not install it; {log.name} in the cache says why"
        ) from error
