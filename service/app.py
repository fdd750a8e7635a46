"""The one place where the parts are wired together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from service import __version__
from service.api import problems
from service.api.access.cross_origin import (
    CrossOriginMiddleware,
    PreflightMiddleware,
    parse_origins,
)
from service.api.access.gate import AccessMiddleware
from service.api.access.keys import parse_keys
from service.api.description.documents import document_of
from service.api.edge.client_connections import parse_networks
from service.api.edge.connection_limits import ConnectionLimits
from service.api.edge.limits import LimitsMiddleware
from service.api.edge.listener import listening
from service.api.observing.logs import RequestLog
from service.api.observing.metrics import Metrics
from service.api.observing.observation import ObservationMiddleware, Observer, RouteMiddleware
from service.api.observing.tracing import create_tracing
from service.api.routes import (
    documentation,
    health,
    images,
    kernels,
    plans,
    playground,
    samples,
    signals,
    vgg16,
)
from service.api.serving.jobs import Jobs
from service.api.serving.multipart import FormLimits
from service.convolution.compiled import native_in_use
from service.pipelines.limits import Limits
from service.settings import Settings
from service.workers import Pool, PoolSettings

_DESCRIPTION: Final = (
    "Exact, fast convolution of signals and pictures. True convolution: the kernel is flipped, "
    "`out[i, j] = sum over u, v of kernel[u, v] * in[i - u, j - v]`, with the sizes, centring and "
    "words of scipy.signal and numpy.pad. Every error is problem+json (RFC 9457)."
)

# What a worker imports before it counts as ready, so that no request waits for it.
PRELOAD: Final = (
    "service.pipelines.signals",
    "service.pipelines.pictures",
    "service.pipelines.kernels",
    "service.pipelines.filters",
    "service.pipelines.activations",
    "service.pipelines.plans",
    "service.pipelines.estimates",
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application with these settings; by default those of the environment.

    The pool's processes start and end with the application's lifespan.
    """
    settings = settings if settings is not None else Settings()
    pool = Pool(_pool_settings(settings))
    metrics = Metrics(pool.statistics, __version__) if settings.metrics else None
    tracing = create_tracing(os.environ, __version__)
    jobs = Jobs(pool, job_limits(settings), FormLimits(settings.max_field_bytes))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await pool.start()
        examination = asyncio.create_task(vgg16.examine(jobs, settings.vgg16_weights))
        try:
            async with _metrics_listener(metrics, settings):
                yield
        finally:
            examination.cancel()
            await pool.close(settings.shutdown_grace_seconds)
            if tracing is not None:
                await asyncio.to_thread(tracing.close)

    app = FastAPI(
        lifespan=lifespan,
        openapi_url="/openapi.json" if settings.docs else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for router in (
        signals.router(jobs),
        images.router(jobs),
        kernels.router(jobs),
        plans.router(jobs),
        vgg16.router(jobs, settings.vgg16_weights, settings.threads_per_worker),
        samples.router(),
        health.router(pool, __version__, native_in_use(settings.native)),
        playground.router(),
        documentation.router(settings.docs),
    ):
        app.include_router(router)
    if metrics is not None and not settings.metrics_port:
        app.include_router(health.metrics_router(metrics))
    problems.install(app)
    observers = [each for each in (metrics, tracing, RequestLog()) if each is not None]
    _add_layers(app, settings, observers)
    app.openapi = document_of(app, "Convolution service", __version__, _DESCRIPTION)  # type: ignore[method-assign]
    return app


def _add_layers(app: FastAPI, settings: Settings, observers: Sequence[Observer]) -> None:
    """Put the middleware around the routes, the innermost first."""
    origins = parse_origins(settings.cors_origins)
    app.add_middleware(RouteMiddleware)
    app.add_middleware(
        AccessMiddleware,
        keys=parse_keys(settings.api_keys),
        key_concurrency=settings.key_concurrency,
    )
    if origins:
        app.add_middleware(PreflightMiddleware)
    app.add_middleware(
        LimitsMiddleware,
        max_body_bytes=settings.max_body_bytes,
        max_buffered_bytes=settings.max_buffered_bytes,
    )
    if origins:
        app.add_middleware(CrossOriginMiddleware, origins=origins)
    app.add_middleware(ObservationMiddleware, observers=observers)


@asynccontextmanager
async def _metrics_listener(metrics: Metrics | None, settings: Settings) -> AsyncIterator[None]:
    """Within the block /metrics is on the port of its own, if it is to have one."""
    if metrics is None or not settings.metrics_port:
        yield
        return
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(health.metrics_router(metrics))
    problems.install(app)
    app.add_middleware(LimitsMiddleware, max_body_bytes=0)
    limits = connection_limits(settings)
    async with listening(app, settings.host, settings.metrics_port, limits):
        yield


def _pool_settings(settings: Settings) -> PoolSettings:
    return PoolSettings(
        workers=settings.workers,
        queue_limit=settings.queue_limit,
        job_timeout_seconds=settings.job_timeout_seconds,
        worker_memory_bytes=settings.worker_memory_bytes,
        jobs_per_worker=settings.jobs_per_worker,
        preload=PRELOAD,
        threads_per_worker=settings.threads_per_worker,
        express_workers=settings.express_workers,
        express_bytes=settings.express_bytes,
        recycle_memory_bytes=settings.recycle_memory_bytes,
        native=settings.native,
    )


def connection_limits(settings: Settings) -> ConnectionLimits:
    """What the clients of a service with these settings may send, and how slowly."""
    every = settings.forwarded_allow_ips == "*"
    return ConnectionLimits(
        max_request_line_bytes=settings.max_request_line_bytes,
        max_header_bytes=settings.max_header_bytes,
        max_header_count=settings.max_header_count,
        header_timeout_seconds=settings.header_timeout_seconds,
        body_timeout_seconds=settings.body_timeout_seconds,
        idle_timeout_seconds=settings.idle_timeout_seconds,
        write_timeout_seconds=settings.write_timeout_seconds,
        max_connections=settings.max_connections,
        max_connections_per_client=0 if every else settings.max_connections_per_client,
        trusted_networks=() if every else parse_networks(settings.forwarded_allow_ips),
    )


def job_limits(settings: Settings) -> Limits:
    """What every job of a service with these settings takes on at most."""
    return Limits(
        max_picture_pixels=settings.max_picture_pixels,
        max_picture_side=settings.max_picture_side,
        max_signal_samples=settings.max_signal_samples,
        max_kernel_taps=settings.max_kernel_taps,
        max_kernel_side=settings.max_kernel_side,
        max_multiply_adds=settings.max_multiply_adds,
    )
