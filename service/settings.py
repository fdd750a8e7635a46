"""Everything an operator can set, read once from the environment (prefix ``CONVOLUTION_``)."""

from __future__ import annotations

import os

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def available_processors() -> int:
    """The processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(BaseSettings):
    """The settings of one service, frozen; each field's unit is in its name."""

    model_config = SettingsConfigDict(env_prefix="CONVOLUTION_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    log_level: str = Field(
        "info",
        pattern="^(critical|error|warning|info|debug)$",
        description="How much is logged: critical, error, warning, info or debug.",
    )
    workers: int = Field(
        default_factory=available_processors,
        ge=1,
        le=1024,
        description="Worker processes; one for each available processor by default.",
    )
    threads_per_worker: int = Field(
        default_factory=lambda known: max(1, available_processors() // known.get("workers", 1)),
        ge=1,
        le=1024,
        description="Threads that one worker may compute with; by default the processors shared "
        "out among the workers.",
    )
    queue_limit: int = Field(
        64, ge=0, description="Jobs that may wait for a worker; one more is answered 503."
    )
    job_timeout_seconds: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="Time for one job, its time in the queue included; then its worker is ended.",
    )
    jobs_per_worker: int = Field(
        1000, ge=1, description="Jobs after which a worker is replaced by a fresh one."
    )
    worker_memory_bytes: int = Field(
        4 << 30,
        ge=0,
        description="Address space of one worker (RLIMIT_AS); 0 sets no limit.",
    )
    shutdown_grace_seconds: float = Field(
        30.0, ge=0, le=3600, description="Time that running requests get to finish at shutdown."
    )
    max_body_bytes: int = Field(32 << 20, ge=1, description="Largest request body.")
    max_picture_pixels: int = Field(
        50_000_000, ge=1, description="Largest picture, judged from its header before decoding."
    )
    max_picture_side: int = Field(
        32_768, ge=1, le=32_768, description="Largest width or height of a picture, in pixels."
    )
    max_signal_samples: int = Field(
        4_000_000, ge=1, description="Largest signal, in samples, however it comes."
    )
    max_kernel_taps: int = Field(1_048_576, ge=1, description="Longest 1-D kernel, in taps.")
    max_kernel_side: int = Field(
        1_024, ge=1, description="Largest width or height of a 2-D kernel, in taps."
    )
    max_multiply_adds: float = Field(
        2e11, gt=0, description="Most work for one request, in multiply-adds after planning."
    )
    vgg16_weights: str | None = Field(
        None,
        description="File with the weights of VGG16: Keras' `.h5`, or an `.npz`. Those of blocks "
        "1 and 2 are there without it.",
    )
