import pytest

from tests.system.server import running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def client(server):
    with server.client() as connected:
        yield connected


@pytest.fixture
def start(tmp_path):
    """Starts a server of the test's own, in a with statement."""

    def starting(**settings):
        return running_server(tmp_path, **settings)

    return starting
