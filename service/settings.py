"""Everything an operator can set, read once from the environment (prefix ``CONVOLUTION_``)."""

from __future__ import annotations

import ipaddress
import os

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def available_processors() -> int:
    """The processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(BaseSettings):
    """The settings of one service, frozen; each field's unit is in its name."""

    model_config = SettingsConfigDict(
        env_prefix="CONVOLUTION_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    log_level: str = Field(
        "info",
        pattern="^(critical|error|warning|info|debug)$",
        description="How much is logged: critical, error, warning, info or debug.",
    )
    log_format: str = Field(
        "text",
        pattern="^(text|json)$",
        description="Form of the log: `text` for people, `json` for machines, one object a line.",
    )
    metrics: bool = Field(
        default=True, description="Whether there is /metrics for Prometheus: on or off."
    )
    metrics_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port of its own for /metrics, which needs no API key there; 0 leaves it on "
        "the service's port, where it needs one if there are any.",
    )
    docs: bool = Field(
        default=True, description="Whether there are /docs and /openapi.json: on or off."
    )
    api_keys: str = Field(
        "",
        pattern=r"^([A-Za-z0-9._-]{1,64}:[0-9a-f]{64}(, *|$))*$",
        description="Keys that callers must show, as `id:sha256` entries with commas between "
        "them, several for one id while a key is replaced; none lets everybody in. "
        "`python -m service.api.access ID` makes one.",
    )
    key_concurrency: int = Field(
        32,
        ge=0,
        description="Requests that one API key may have running at once; one more is answered "
        "429. 0 sets no limit.",
    )
    cors_origins: str = Field(
        "",
        pattern=r"^(\*|([a-z][a-z0-9+.-]*://[^\s/,*]+(, *|$))*)$",
        description="Origins whose pages may read the answers, such as `https://page.example`, "
        "with commas between them; `*` for all, empty for none.",
    )
    forwarded_allow_ips: str = Field(
        "",
        pattern=r"^(\*|([0-9A-Fa-f.:]+(/[0-9]{1,3})?(, *|$))*)$",
        description="Addresses or networks of the proxies whose X-Forwarded-For is believed, with "
        "commas between them; `*` for all, empty for none.",
    )
    workers: int = Field(
        default_factory=available_processors,
        ge=1,
        le=1024,
        description="Worker processes; one for each available processor by default.",
    )
    express_workers: int = Field(
        1,
        ge=0,
        le=64,
        description="Worker processes beside the others that take only small jobs, so that these "
        "do not wait behind large ones.",
    )
    express_bytes: int = Field(
        64 << 10, ge=0, description="Up to so many bytes sent make a small job."
    )
    threads_per_worker: int = Field(
        default_factory=lambda known: max(1, available_processors() // known.get("workers", 1)),
        ge=1,
        le=1024,
        description="Threads for each worker when all are busy; a job that starts while others are "
        "idle may take theirs, too. By default the processors shared out among the workers.",
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
    recycle_memory_bytes: int = Field(
        1 << 30,
        ge=0,
        description="Resident memory over which a worker is replaced after its job; 0 never.",
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
    max_buffered_bytes: int = Field(
        512 << 20,
        ge=1,
        description="Bodies held in memory at once, all requests together; one more is answered "
        "503.",
    )
    max_field_bytes: int = Field(
        1 << 20, ge=1, description="Largest field of a form that is no file."
    )
    max_request_line_bytes: int = Field(
        8 << 10, ge=256, description="Longest request line; a longer one is answered 414."
    )
    max_header_bytes: int = Field(
        64 << 10, ge=1024, description="Header fields together; more is answered 431."
    )
    max_header_count: int = Field(
        100, ge=10, description="Number of header fields; more is answered 431."
    )
    max_connections: int = Field(
        1000, ge=1, description="Open connections; one more is answered 503."
    )
    max_connections_per_client: int = Field(
        256,
        ge=0,
        description="Open connections from one address, of IPv6 one /64 network; one more is "
        "answered 429. The proxies of CONVOLUTION_FORWARDED_ALLOW_IPS are not counted. 0 sets no "
        "limit.",
    )
    header_timeout_seconds: float = Field(
        10.0, gt=0, le=3600, description="Time for the headers to arrive, from their first byte."
    )
    body_timeout_seconds: float = Field(
        60.0, gt=0, le=3600, description="Time for a body to arrive; then 408."
    )
    idle_timeout_seconds: float = Field(
        15.0, gt=0, le=3600, description="Time that a connection may stay open without a request."
    )
    write_timeout_seconds: float = Field(
        30.0, gt=0, le=3600, description="Time that a client may leave its answer unread."
    )
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
    native: str = Field(
        "auto",
        pattern="^(auto|off|base|avx2|avx512)$",
        description="Which of the compiled engines are used: `auto` takes the best that were built "
        "and the processor runs, `off` none; `base`, `avx2` and `avx512` name an instruction set.",
    )
    vgg16_weights: str | None = Field(
        None,
        description="File with the weights of VGG16: Keras' `.h5`, or an `.npz`. Those of blocks "
        "1 and 2 are there without it.",
    )

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for each in filter(None, (entry.strip() for entry in value.split(","))):
            if each != "*":
                ipaddress.ip_network(each)
        return value

    @field_validator("max_buffered_bytes")
    @classmethod
    def _room_for_one_body(cls, value: int, known: ValidationInfo) -> int:
        if value < known.data.get("max_body_bytes", 0):
            raise ValueError("must be at least max_body_bytes")
        return value
