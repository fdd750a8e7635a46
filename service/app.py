"""The one place where the parts are wired together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from service import __version__
from service.api import problems
from service.api.documents import document_of
from service.api.jobs import Jobs
from service.api.limits import LimitsMiddleware
from service.api.routes import (
    documentation,
    health,
    images,
    kernels,
    plans,
    samples,
    signals,
    vgg16,
)
from service.pipelines.limits import Limits
from service.settings import Settings
from service.workers import Pool, PoolSettings

_DESCRIPTION: Final = (
    "Exact, fast convolution of signals and pictures. True convolution: the kernel is flipped, "
    "`out[i, j] = sum over u, v of kernel[u, v] * in[i - u, j - v]`, with the sizes, centring and "
    "words of scipy.signal and numpy.pad. Every error is problem+json (RFC 9457)."
)

# What a worker imports before it counts as ready, so that no request waits for it.
_PRELOAD: Final = (
    "service.pipelines.signals",
    "service.pipelines.pictures",
    "service.pipelines.kernels",
    "service.pipelines.filters",
    "service.pipelines.activations",
    "service.pipelines.plans",
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application with these settings; by default those of the environment.

    The pool's processes start and end with the application's lifespan.
    """
    settings = settings if settings is not None else Settings()
    pool = Pool(_pool_settings(settings))
    jobs = Jobs(pool, job_limits(settings))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await pool.start()
        examination = asyncio.create_task(vgg16.examine(jobs, settings.vgg16_weights))
        try:
            yield
        finally:
            examination.cancel()
            await pool.close(settings.shutdown_grace_seconds)

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    for router in (
        signals.router(jobs),
        images.router(jobs),
        kernels.router(jobs),
        plans.router(jobs),
        vgg16.router(jobs, settings.vgg16_weights, settings.threads_per_worker),
        samples.router(),
        health.router(pool, __version__),
        documentation.router(),
    ):
        app.include_router(router)
    problems.install(app)
    app.add_middleware(LimitsMiddleware, max_body_bytes=settings.max_body_bytes)
    app.openapi = document_of(app, "Convolution service", __version__, _DESCRIPTION)  # type: ignore[method-assign]
    return app


def _pool_settings(settings: Settings) -> PoolSettings:
    return PoolSettings(
        workers=settings.workers,
        queue_limit=settings.queue_limit,
        job_timeout_seconds=settings.job_timeout_seconds,
        worker_memory_bytes=settings.worker_memory_bytes,
        jobs_per_worker=settings.jobs_per_worker,
        preload=_PRELOAD,
        threads_per_worker=settings.threads_per_worker,
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
