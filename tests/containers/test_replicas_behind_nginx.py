"""The compose file's cluster: two replicas behind nginx, balanced, and one lost under load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.containers.cluster import ADDRESS, PATIENCE_SECONDS, cluster
from tests.processes import child_ids

pytestmark = pytest.mark.container

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "service" / "samples" / "ascent.png"


@pytest.fixture(scope="module")
def replicated(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("engine")) as started:
        yield started


def load(replicated, seconds):
    """Requests at the cluster's front door, going on in the background."""
    command = replicated.command(
        *(sys.executable, "-m", "tests.containers.load"),
        *(f"http://{ADDRESS}", str(PICTURE), str(seconds)),
    )
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def report(running):
    """What it found."""
    said, _ = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 0
    return json.loads(said)


def wait_until(held):
    end = time.monotonic() + PATIENCE_SECONDS
    while not held():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.2)


def test_requests_are_shared_out_and_all_answered(replicated):
    outcomes = report(load(replicated, 4))["outcomes"]
    assert set(outcomes) == {"upload 200", "preview 200"}
    asked = Counter(line["upstream"] for line in replicated.log("nginx") if "upstream" in line)
    (one, most), (another, least) = asked.most_common()
    assert one != another
    assert least > most / 4


def test_metrics_are_not_for_the_front_door(replicated):
    asked = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]
    command = replicated.command(*asked, f"http://{ADDRESS}/metrics")
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "404"


def test_a_lost_replica_loses_nothing_that_may_be_asked_again(replicated):
    lost, _ = replicated.replicas()
    running = load(replicated, 8)
    time.sleep(2)
    replicated.docker("kill", "--signal", "KILL", lost)
    outcomes = report(running)["outcomes"]
    # What was on its way through a body that nginx does not keep may be lost, at most one a
    # client; everything else is asked of the other replica.
    assert {kind for kind in outcomes if kind.startswith("preview")} == {"preview 200"}
    uploads = {kind: count for kind, count in outcomes.items() if kind.startswith("upload")}
    assert uploads.pop("upload 200") > 10
    assert set(uploads) <= {"upload 502", "upload 504"}
    assert sum(uploads.values()) <= 2
    replicated.docker("start", lost)
    wait_until(lambda: replicated.health(lost) == "healthy")


def test_a_replica_that_stands_still_is_seen_by_the_engine(replicated):
    replica, _ = replicated.replicas()
    first = replicated.docker("inspect", "--format", "{{.State.Pid}}", replica)
    # Compose's init is the first; the service is what it has started.
    (service,) = child_ids(int(first))
    os.kill(service, signal.SIGSTOP)
    try:
        wait_until(lambda: replicated.health(replica) == "unhealthy")
    finally:
        os.kill(service, signal.SIGCONT)
    wait_until(lambda: replicated.health(replica) == "healthy")


def test_a_replica_that_is_told_to_stop_finishes_what_it_has(replicated):
    running = load(replicated, 6)
    time.sleep(2)
    stopped, _ = replicated.replicas()
    replicated.docker("stop", "--time", "40", stopped)
    outcomes = report(running)["outcomes"]
    assert {kind for kind in outcomes if kind.startswith("preview")} == {"preview 200"}
    state = replicated.docker("inspect", "--format", "{{.State.ExitCode}}", stopped)
    assert state.strip() == "0"
