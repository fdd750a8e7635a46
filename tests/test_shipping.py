"""What the image and the deployments are told agrees with the service that they run."""

from __future__ import annotations

import re
import tomllib

import orjson
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import service
from service.convolution.native import INSTRUCTION_SETS
from service.settings import Settings
from tests.generated_documents import ROOT

DOCKER = ROOT / "docker"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SETUP = (ROOT / "setup.py").read_text()
LOCK = (DOCKER / "requirements.txt").read_text()
PINNED = {
    name.lower(): Version(pinned)
    for name, pinned in re.findall(r"^([\w.-]+)==([^ ;]+)", LOCK, re.MULTILINE)
}
DEFAULTS = Settings(workers=1)
NATIVE = ROOT / "service" / "convolution" / "native"
# What Prometheus' client adds to the name of a family.
SUFFIX = re.compile(r"_(total|bucket|sum|count)$")


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


@pytest.mark.parametrize(
    "wanted", [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["tracing"]]
)
def test_the_image_has_each_dependency_in_a_version_that_will_do(wanted):
    requirement = Requirement(wanted)
    if requirement.marker is None or requirement.marker.evaluate({"sys_platform": "linux"}):
        assert PINNED[requirement.name.lower()] in requirement.specifier


def test_every_package_of_the_image_is_pinned_by_hashes_and_names_no_registry():
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(entries) == len(PINNED)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|--index|--extra-index|--find-links", LOCK)


def test_every_instruction_set_that_is_looked_for_is_compiled():
    flags = dict(re.findall(r'^    "(\w+)": (\(.*?\)),\n', SETUP, re.MULTILINE | re.DOTALL))
    assert flags.keys() == set(INSTRUCTION_SETS)
    assert {source.stem for source in NATIVE.glob("*.cpp")} == set(INSTRUCTION_SETS)


def test_the_sanitizers_look_at_what_is_compiled():
    of_processors = set(re.findall(r'"(-m\w+)"', SETUP))
    of_arithmetic = set(re.findall(r'"(-std=\S+|-ff\S+|-fno-\S+)"', SETUP))
    assert of_processors
    assert of_arithmetic
    script = (ROOT / "tests" / "native" / "sanitized.sh").read_text()
    assert of_processors | of_arithmetic <= set(script.split())


def test_the_image_is_built_of_sources_and_not_of_what_was_compiled_elsewhere():
    taken = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"!service", "!setup.py", "!pyproject.toml"} <= set(taken)
    assert taken.index("**/*.so") > taken.index("!service")


def test_the_manifests_are_of_this_version():
    kustomization = yaml.safe_load((DOCKER / "kubernetes" / "kustomization.yaml").read_text())
    assert [each["newTag"] for each in kustomization["images"]] == [service.__version__]


def test_whatever_runs_it_gives_it_the_time_to_finish():
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    grace = DEFAULTS.shutdown_grace_seconds
    for name in ("convolution", "replica"):
        assert seconds(compose["services"][name]["stop_grace_period"]) > grace
    deployment = yaml.safe_load((DOCKER / "kubernetes" / "deployment.yaml").read_text())
    pod = deployment["spec"]["template"]["spec"]
    pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause + grace


def test_nginx_lets_pass_what_the_service_takes():
    configuration = (DOCKER / "nginx.conf").read_text()
    megabytes = int(re.search(r"client_max_body_size (\d+)m;", configuration)[1])
    assert megabytes << 20 > DEFAULTS.max_body_bytes
    patience = int(re.search(r"proxy_read_timeout (\d+)s;", configuration)[1])
    assert patience > DEFAULTS.job_timeout_seconds


@pytest.fixture(scope="module")
def families():
    """The names of all metrics that the service has."""
    source = (ROOT / "service" / "api" / "observing" / "metrics.py").read_text()
    return set(re.findall(r'"(convolution_\w+)"', source))


@pytest.mark.parametrize(
    "path", ["monitoring/alerts.yml", "monitoring/grafana/dashboards/convolution.json"]
)
def test_alerts_and_panels_are_of_metrics_that_there_are(path, families):
    used = set(re.findall(r"\bconvolution_\w+", (DOCKER / path).read_text()))
    assert len(used) > 5
    assert {SUFFIX.sub("", name) for name in used} <= families


def test_every_panel_of_the_dashboard_has_a_query_and_a_place_of_its_own():
    path = DOCKER / "monitoring" / "grafana" / "dashboards" / "convolution.json"
    panels = orjson.loads(path.read_bytes())["panels"]
    places = {(each["gridPos"]["x"], each["gridPos"]["y"]) for each in panels}
    assert len(places) == len(panels)
    assert all(target["expr"] for panel in panels for target in panel["targets"])
