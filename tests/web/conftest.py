"""A real browser, the real server, and a page that may raise no error while a test uses it."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.system.server import running_server
from tests.web.playground import Playground

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with running_server(
        tmp_path_factory.mktemp("playground"), measured=False, workers=1
    ) as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        pytest.fail("these tests need Playwright: pip install -e '.[dev]'")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail("these tests need Chromium: apt-get install chromium, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        # Chromium tells the shell's own complaints on standard error; nothing reads them.
        launched = playwright.chromium.launch(executable_path=found, args=list(_ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture
def start(browser, server):
    """Starts a page in a context of its own: ``start(color_scheme="dark")``."""
    contexts = []

    def starting(url=None, **options):
        options.setdefault("viewport", {"width": 1360, "height": 900})
        context = browser.new_context(**options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        return Playground(context.new_page(), url or server.url)

    yield starting
    for context in contexts:
        context.close()


@pytest.fixture
def playground(start):
    """A page whose errors and violations of its policy fail the test."""
    started = start()
    yield started
    assert started.faults() == []
