"""Real requests and their answers, as ``openapi/examples`` has them.

``python -m tests.api_examples URL`` asks a running service for all the answers anew;
``tests/system/test_api_examples.py`` replays them.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import orjson

ROOT: Final = Path(__file__).resolve().parent.parent
EXAMPLES: Final = ROOT / "openapi" / "examples"
# What differs from one answer to the next, or from one machine to another.
VOLATILE: Final = frozenset(("reason", "request_id", "instance", "milliseconds"))
FORM: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "signal_with_a_window": {
        "method": "POST",
        "path": "/v1/signals/convolve",
        "json": {"signal": [0, 0, 1, 1, 1, 0, 0], "kernel": {"name": "hann", "size": 5}},
    },
    "matrix_wrapped_with_two_kernels": {
        "method": "POST",
        "path": "/v1/signals/convolve",
        "json": {
            "signal": [[1, 2, 3], [4, 5, 6]],
            "kernel": ["prewitt", [[1, -1]]],
            "combine": "sum",
            "boundary": "wrap",
        },
    },
    "picture_with_taps_of_ones_own": {
        "method": "POST",
        "path": "/v1/images/convolve",
        "files": {"image": "openapi/examples/tiny.png"},
        "fields": {"kernel": "[[0,1],[2,-3]]", "boundary": "edge", "bias": "40"},
    },
    "picture_as_signed_numbers": {
        "method": "POST",
        "path": "/v1/images/convolve?format=json",
        "files": {"image": "openapi/examples/tiny.png"},
        "fields": {"kernel": '{"name": "sobel", "direction": "x"}', "mode": "valid"},
    },
    "kernel_of_the_catalogue": {
        "method": "GET",
        "path": "/v1/kernels/gaussian?size=5&sigma=1.2",
    },
    "plan_of_a_large_blur": {
        "method": "POST",
        "path": "/v1/plans",
        "json": {"shape": [1080, 1920, 3], "kernel": {"name": "disk", "radius": 15}},
    },
    "problem_with_its_field": {
        "method": "POST",
        "path": "/v1/signals/convolve",
        "json": {"signal": [1, 2, "3"], "kernel": "hann"},
    },
    "filter_of_a_network": {
        "method": "GET",
        "path": "/v1/vgg16/block1_conv1/filters/2?channel=0",
    },
}


def answer_of(client: httpx.Client, request: dict[str, Any]) -> dict[str, Any]:
    """What the service answers to a request as it is written above."""
    files = {name: (ROOT / path).read_bytes() for name, path in request.get("files", {}).items()}
    answer = client.request(
        request["method"],
        request["path"],
        json=request.get("json"),
        data=request.get("fields"),
        files=files or None,
    )
    media_type = answer.headers["content-type"]
    told: dict[str, Any] = {"status": answer.status_code, "content-type": media_type}
    if media_type.partition(";")[0].endswith("json"):
        return {**told, "json": settled(answer.json())}
    return {**told, "base64": base64.b64encode(answer.content).decode()}


def settled(value: Any) -> Any:
    """An answer without what is volatile in it."""
    if isinstance(value, dict):
        return {key: settled(each) for key, each in value.items() if key not in VOLATILE}
    return [settled(each) for each in value] if isinstance(value, list) else value


def stored() -> Iterator[tuple[str, dict[str, Any]]]:
    """The examples by their names: the request with its answer."""
    for path in sorted(EXAMPLES.glob("*.json")):
        yield path.stem, json.loads(path.read_text())


def main(url: str) -> None:
    """Write every example anew, of a server that runs with CONVOLUTION_NATIVE=off."""
    with httpx.Client(base_url=url, trust_env=False) as client:
        for name, request in REQUESTS.items():
            example = {"request": request, "answer": answer_of(client, request)}
            (EXAMPLES / f"{name}.json").write_text(orjson.dumps(example, option=FORM).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
