"""Peers in environments of their own, below the cache folder, installed by pip or npm."""

from __future__ import annotations

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
    wanted = hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()
    mark = folder / MARK
    if mark.exists() and mark.read_text() == wanted:
        return
    mark.unlink(missing_ok=True)
    for command in commands:
        _run(command, folder)
    mark.write_text(wanted)


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
