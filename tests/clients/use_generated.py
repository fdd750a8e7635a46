"""What a Python program makes of the API: checked against the generated client, then run."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import attrs
from generated.api.convolution import convolve_image, convolve_signal
from generated.api.kernels import list_kernels
from generated.client import AuthenticatedClient
from generated.models import (
    Catalogue,
    ConvolvedArray,
    ConvolveImageForm,
    ConvolveImageFormBoundary,
    Problem,
    SignalRequestOfKernel,
    SignalRequestOfKernelMode,
)
from generated.types import File


def main(url: str, file: str) -> None:
    """Ask for a little of everything, and print what came."""
    client = AuthenticatedClient(url, token="none is needed", timeout=None)  # noqa: S106
    signal = SignalRequestOfKernel(
        signal=[0.0, 0, 1, 0], kernel=[1.0, 2, 3], mode=SignalRequestOfKernelMode.FULL
    )
    convolved = convolve_signal.sync(client=client, body=signal)
    assert isinstance(convolved, ConvolvedArray), convolved
    form = ConvolveImageForm(
        image=File(io.BytesIO(Path(file).read_bytes()), "picture.png"),
        kernel="[[1, 2], [0, -3]]",
        boundary=ConvolveImageFormBoundary.WRAP,
    )
    filtered = convolve_image.sync_detailed(client=client, body=form)
    ragged = attrs.evolve(signal, kernel=[[1.0], [2.0, 3.0]])
    refused = convolve_signal.sync(client=client, body=ragged)
    assert isinstance(refused, Problem), refused
    known = list_kernels.sync(client=client)
    assert isinstance(known, Catalogue), known
    found = {
        "result": convolved.result,
        "signature": filtered.content[1],
        "problem": refused.type_,
        "kernels": len(known.kernels),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
