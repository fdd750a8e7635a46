"""``python -m service.vgg16 fetch``, from a server on this machine that fails on demand."""

import fcntl
import hashlib
import io
import os
import random
import resource
import signal
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from service.vgg16 import fetch as fetch_module
from service.vgg16.__main__ import default_path, main
from service.vgg16.download import Patience
from service.vgg16.fetch import KERAS, Published
from service.vgg16.progress import Progress
from service.vgg16.weights import WEIGHTS_VARIABLE
from tests.vgg16.published_server import (
    another_range,
    drop_after,
    drop_the_whole_after,
    ignore_range,
    published_server,
    serve,
    serve_for_ever,
    serve_more_without_length,
    serve_without_length,
    speak_another_protocol,
    stall_after,
    status,
)

DATA = random.Random(11).randbytes(1_000_003)
HALF = len(DATA) // 2
BRIEF = Patience(timeout_seconds=0.3, attempts=4, pause_seconds=0.01)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def server():
    with published_server(DATA) as running:
        yield running


@pytest.fixture
def published(server):
    return Published(server.url, len(DATA), hashlib.md5(DATA, usedforsecurity=False).hexdigest())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept" / "weights.h5"


@pytest.fixture
def part(path):
    path.parent.mkdir()
    return path.with_name("weights.h5.part")


@pytest.fixture
def run(published, path, capsys):
    """Fetches to ``path``; gives the exit status, what was printed, and the complaints."""

    def running(path=path, published=published):
        arguments = ["fetch"] if path is None else ["fetch", str(path)]
        exit_status = main(arguments, published, BRIEF)
        printed = capsys.readouterr()
        return exit_status, printed.out, printed.err

    return running


def require_one_sentence(errors, words):
    (line,) = errors.splitlines()
    assert words in line
    assert "Error" not in line


def require_kept(path, part_length):
    assert not path.exists()
    part = path.with_name(f"{path.name}.part")
    assert part.read_bytes() == DATA[:part_length]


def test_the_file_is_downloaded_and_what_to_set_is_printed(run, path, server):
    exit_status, printed, _ = run()
    assert exit_status == 0
    assert path.read_bytes() == DATA
    assert printed == f"{WEIGHTS_VARIABLE}={path}\n"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert server.starts == [None]


def test_the_line_to_set_can_be_pasted_into_a_shell(run, tmp_path):
    path = tmp_path / "two words & more" / "weights.h5"
    _, printed, _ = run(path)
    told = subprocess.run(
        ["sh", "-c", f'{printed.strip()}; printf %s "${WEIGHTS_VARIABLE}"'],
        check=True,
        capture_output=True,
    )
    assert told.stdout == os.fsencode(path)


def test_the_variable_says_where_to_and_then_needs_no_setting(run, path, monkeypatch):
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(path))
    exit_status, printed, _ = run(path=None)
    assert exit_status == 0
    assert printed == ""
    assert path.read_bytes() == DATA


def test_a_file_that_is_there_and_right_is_left_alone(run, path, server):
    path.parent.mkdir()
    path.write_bytes(DATA)
    exit_status, printed, errors = run()
    assert exit_status == 0
    assert printed == f"{WEIGHTS_VARIABLE}={path}\n"
    require_one_sentence(errors, "already there")
    assert server.starts == []


@pytest.mark.parametrize("content", [b"mine", DATA[:-1], DATA[:-1] + b"!"])
def test_another_file_at_the_path_is_never_overwritten(run, path, server, content):
    path.parent.mkdir()
    path.write_bytes(content)
    exit_status, _, errors = run()
    assert exit_status == 1
    require_one_sentence(errors, "another file")
    assert path.read_bytes() == content
    assert server.starts == []


def test_a_download_that_was_begun_goes_on_from_there(run, path, part, server):
    part.write_bytes(DATA[:1234])
    assert run()[0] == 0
    assert path.read_bytes() == DATA
    assert server.starts == [1234]


def test_a_download_that_was_complete_is_verified_and_put_in_place(run, path, part, server):
    part.write_bytes(DATA)
    assert run()[0] == 0
    assert path.read_bytes() == DATA
    assert server.starts == []


def test_a_part_that_is_longer_than_the_file_is_begun_anew(run, path, part, server):
    part.write_bytes(DATA + b"more")
    assert run()[0] == 0
    assert path.read_bytes() == DATA
    assert server.starts == [None]


def test_a_server_that_ignores_ranges_is_taken_from_the_start(run, path, part, server):
    part.write_bytes(DATA[:1234])
    server.script = [ignore_range]
    assert run()[0] == 0
    assert path.read_bytes() == DATA
    assert server.starts == [1234]


@pytest.mark.parametrize("behaviour", [serve_without_length, serve_more_without_length])
def test_a_server_that_does_not_say_how_much_it_sends_is_read_no_further_than_the_end(
    run, path, server, behaviour
):
    server.script = [behaviour]
    assert run()[0] == 0
    assert path.read_bytes() == DATA


def test_a_range_that_can_not_be_satisfied_is_begun_anew(run, path, part, server):
    part.write_bytes(DATA[:1234])
    server.script = [status(416), serve]
    assert run()[0] == 0
    assert path.read_bytes() == DATA
    assert server.starts == [1234, None]


def test_a_connection_that_drops_is_taken_up_again(run, path, server):
    server.script = [drop_after(HALF), drop_after(1000), drop_after(0), status(503), serve]
    exit_status, _, errors = run()
    assert exit_status == 0
    assert path.read_bytes() == DATA
    assert server.starts == [None, HALF, HALF + 1000, HALF + 1000, HALF + 1000]
    assert errors.count("trying again") == 4


def test_a_server_that_falls_silent_is_asked_again(run, path, server):
    server.script = [stall_after(HALF), serve]
    exit_status, _, errors = run()
    assert exit_status == 0
    assert path.read_bytes() == DATA
    assert server.starts == [None, HALF]
    assert "fell silent" in errors


def test_after_enough_failures_in_a_row_what_came_is_kept(run, path, server):
    server.script = [drop_after(HALF)] + [drop_after(0)] * 9
    exit_status, _, errors = run()
    assert exit_status == 1
    assert errors.splitlines()[-1] == "the connection ended too early"
    require_kept(path, HALF)
    assert len(server.starts) == BRIEF.attempts


def test_a_server_that_knows_no_ranges_and_always_drops_is_given_up(run, path, server):
    server.script = [drop_the_whole_after(HALF)] * 50
    assert run()[0] == 1
    require_kept(path, HALF)
    assert len(server.starts) == BRIEF.attempts


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (status(404), "404"),
        (status(503), "503"),
        (stall_after(0), "fell silent"),
        (drop_after(0), "too early"),
        (status(302, Location="ftp://127.0.0.1/weights.h5"), "unknown url type"),
        (status(302, Location="file:///etc/hostname"), "302"),
        (status(204), "204"),
        (speak_another_protocol, "connection broke"),
        (lambda request, data: serve(request, data + b"more"), f"instead of {len(DATA)}"),
        (lambda request, data: serve(request, data[:-1]), f"instead of {len(DATA)}"),
    ],
)
def test_a_server_that_has_it_not_is_told_in_one_sentence(run, path, server, behaviour, told):
    server.script = [behaviour]
    exit_status, printed, errors = run()
    assert exit_status == 1
    assert printed == ""
    require_one_sentence(errors, told)
    assert len(server.starts) == 1
    require_kept(path, 0)


def test_a_redirect_is_followed(run, path, server):
    server.script = [status(302, Location=server.url)]
    assert run()[0] == 0
    assert path.read_bytes() == DATA


def test_no_connection_is_told_in_one_sentence(run, path, published):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}/weights.h5"
        exit_status, _, errors = run(published=replace(published, url=url))
    assert exit_status == 1
    require_one_sentence(errors, "no connection to the server (Connection refused)")


@pytest.mark.parametrize("scheme", ["file", "ftp", "data"])
def test_nothing_but_http_is_spoken(run, path, published, scheme):
    url = f"{scheme}:///etc/hostname"
    exit_status, _, errors = run(published=replace(published, url=url))
    assert exit_status == 1
    require_one_sentence(errors, "unknown url type")
    require_kept(path, 0)


def test_another_range_than_was_asked_for_is_refused(run, path, part, server):
    part.write_bytes(DATA[:1234])
    server.script = [another_range]
    exit_status, _, errors = run()
    assert exit_status == 1
    require_one_sentence(errors, "another part of the file")
    require_kept(path, 1234)


@pytest.mark.parametrize(
    "behaviour", [serve_for_ever, lambda request, _: serve(request, DATA[::-1])]
)
def test_wrong_bytes_are_neither_kept_nor_more_than_there_should_be(run, path, server, behaviour):
    server.script = [behaviour]
    exit_status, _, errors = run()
    assert exit_status == 1
    assert "MD5 differs" in errors.splitlines()[-1]
    assert "1.0 of 1.0 MB (100%)" in errors
    assert list(path.parent.iterdir()) == []


@pytest.fixture
def interruptible():
    """Ctrl-C works, also where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_keeps_what_came_and_the_next_run_goes_on_from_there(run, path, server):
    interrupt = stall_after(HALF, then=lambda: os.kill(os.getpid(), signal.SIGINT))
    server.script = [interrupt]
    exit_status, printed, errors = run()
    assert exit_status == 130
    assert printed == ""
    assert "goes on from where it was" in errors.splitlines()[-1]
    assert "Traceback" not in errors
    kept = path.with_name("weights.h5.part").stat().st_size
    assert run()[0] == 0
    assert path.read_bytes() == DATA
    assert server.starts == [None, kept or None]


def test_two_fetches_to_the_same_path_do_not_mix(run, path, part, server):
    with part.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        exit_status, _, errors = run()
    assert exit_status == 1
    require_one_sentence(errors, "another fetch")
    assert server.starts == []


def test_a_part_that_was_put_in_place_while_we_opened_it_is_not_written_to(
    run, path, part, monkeypatch
):
    part.write_bytes(DATA[:10])
    lock = fcntl.flock

    def lock_too_late(file, operation):
        part.replace(path)
        lock(file, operation)

    monkeypatch.setattr(fetch_module.fcntl, "flock", lock_too_late)
    exit_status, _, errors = run()
    assert exit_status == 1
    require_one_sentence(errors, "another fetch")
    assert path.read_bytes() == DATA[:10]


@pytest.fixture
def little_space():
    """No file of this process may grow beyond half the download."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_no_more_is_told_once_and_what_came_is_kept(run, path, little_space):
    exit_status, _, errors = run()
    assert exit_status == 1
    assert "can't be read or written: File too large" in errors.splitlines()[-1]
    assert "trying again" not in errors
    require_kept(path, HALF)


def test_a_folder_that_can_not_be_made_is_told_in_one_sentence(run, tmp_path):
    tmp_path.joinpath("file").write_bytes(b"")
    exit_status, _, errors = run(tmp_path / "file" / "folder" / "weights.h5")
    assert exit_status == 1
    require_one_sentence(errors, "Not a directory")


def test_a_path_that_is_a_folder_is_told_in_one_sentence(run, tmp_path):
    exit_status, _, errors = run(tmp_path)
    assert exit_status == 1
    require_one_sentence(errors, "Is a directory")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({WEIGHTS_VARIABLE: "/there/w.npz", "XDG_CACHE_HOME": "/cache"}, "/there/w.npz"),
        ({"XDG_CACHE_HOME": "/cache"}, f"/cache/convolution-service/{KERAS.name}"),
        ({"XDG_CACHE_HOME": "cache"}, f"/home/me/.cache/convolution-service/{KERAS.name}"),
        ({WEIGHTS_VARIABLE: ""}, f"/home/me/.cache/convolution-service/{KERAS.name}"),
    ],
)
def test_without_a_path_it_goes_where_the_service_looks_or_to_the_cache(
    monkeypatch, environment, expected
):
    monkeypatch.setenv("HOME", "/home/me")
    assert str(default_path(environment, KERAS)) == expected


def test_a_user_without_a_home_is_asked_for_a_path(run, monkeypatch):
    def home():
        raise RuntimeError

    monkeypatch.setattr("service.vgg16.__main__.Path.home", home)
    monkeypatch.delenv("XDG_CACHE_HOME")
    exit_status, _, errors = run(path=None)
    assert exit_status == 1
    require_one_sentence(errors, "give a PATH")


def test_alone_it_prints_how_it_is_used():
    told = subprocess.run(
        [sys.executable, "-m", "service.vgg16"], check=True, capture_output=True, text=True
    )
    assert "usage: python -m service.vgg16" in told.stdout
    assert "fetch" in told.stdout
    assert told.stderr == ""


def test_an_unknown_command_is_a_fault_of_use():
    with pytest.raises(SystemExit, match="2"):
        main(["steal"])


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_one_line_is_rewritten():
    stream = Terminal()
    progress = Progress(stream, 2_000_000)
    for done in range(0, 2_000_001, 1000):
        progress.at(done)
    progress.say("done")
    lines = stream.getvalue().split("\r")
    assert len(lines) == 1 + 101
    assert lines[51] == "1.0 of 2.0 MB (50%)"
    assert lines[-1] == "2.0 of 2.0 MB (100%)\ndone\n"


def test_elsewhere_a_line_is_added_at_every_tenth():
    stream = io.StringIO()
    progress = Progress(stream, 2_000_000)
    for done in range(0, 2_000_001, 1000):
        progress.at(done)
    progress.say("done")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11 + 1
    assert lines[5:6] + lines[-1:] == ["1.0 of 2.0 MB (50%)", "done"]
