"""What one writes in ten minutes: FastAPI and OpenCV, to measure ourselves beside.

Started as ``uvicorn app:app``. The endpoint is no coroutine, so that FastAPI runs it in a
thread and the event loop stays free.
"""

import json
from typing import Annotated

import cv2
import numpy as np
from fastapi import FastAPI, File, Form, Response

app = FastAPI()


@app.get("/healthz")
async def healthz() -> str:
    return "ok"


@app.post("/convolve")
def convolve(
    image: Annotated[bytes, File()],
    format: Annotated[str, Form()] = "png",  # noqa: A002 (the field's name)
    kernel: Annotated[str | None, Form()] = None,
    sigma: Annotated[float | None, Form()] = None,
    quality: Annotated[int, Form()] = 90,
    level: Annotated[int | None, Form()] = None,
) -> Response:
    picture = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_UNCHANGED)
    if sigma is not None:
        result = cv2.GaussianBlur(picture, (51, 51), sigma)
    else:
        taps = np.array(json.loads(kernel or "[[1]]"), np.float32)
        result = cv2.filter2D(picture, -1, taps / (taps.sum() or 1))
    options = []
    if format == "jpeg":
        full = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
        options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, full]
    elif level is not None:
        options = [cv2.IMWRITE_PNG_COMPRESSION, level]
    _, encoded = cv2.imencode(f".{format}", result, options)
    return Response(encoded.tobytes(), media_type=f"image/{format}")
