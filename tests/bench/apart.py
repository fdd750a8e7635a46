"""Functions called in processes of their own, set up as a worker of the service is."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tests.bench.environment import as_worker

P = ParamSpec("P")
T = TypeVar("T")


def in_process(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What a function of a module gives in a process of its own; all in terms of JSON."""
    call = json.dumps([function.__module__, function.__name__, arguments, options])
    command = [sys.executable, "-m", __name__, call]
    # Idle threads of other libraries would take a core from whoever comes after them.
    environment = as_worker() | {"OMP_WAIT_POLICY": "PASSIVE"}
    told = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE).stdout
    result: T = json.loads(told)
    return result


def main(call: str) -> None:
    """Call what is named, and write what it gives."""
    module, name, arguments, options = json.loads(call)
    result = getattr(importlib.import_module(module), name)(*arguments, **options)
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
