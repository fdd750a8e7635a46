"""The files of the playground as they are served, without a browser."""

import re
from html.parser import HTMLParser
from importlib.resources import files

import httpx
import pytest
import pytest_asyncio

from service.api.access.gate import is_open
from service.app import create_app
from service.settings import Settings

WEB = files("service").joinpath("web")
FILES = {each.name: each.read_bytes() for each in WEB.iterdir()}
LARGEST = 150_000


@pytest_asyncio.fixture
async def client():
    transport = httpx.ASGITransport(create_app(Settings(workers=1)))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


class Names(HTMLParser):
    """Collects what a page refers to, and what it says that a strict policy forbids."""

    def __init__(self):
        super().__init__()
        self.references = []
        self.inline = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.references += [attributes[each] for each in ("src", "href") if each in attributes]
        forbidden = [name for name in attributes if name.startswith("on") or name == "style"]
        self.inline += forbidden + (
            ["script"] if tag == "script" and "src" not in attributes else []
        )
        self.inline += ["style"] if tag == "style" else []


def names_in_page():
    parser = Names()
    parser.feed(FILES["index.html"].decode())
    return parser


def test_the_whole_page_weighs_less_than_150_kilobytes():
    assert sum(map(len, FILES.values())) < LARGEST


def test_no_module_is_longer_than_three_hundred_lines():
    assert {name for name, text in FILES.items() if text.count(b"\n") > 300} == set()


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere():
    names = names_in_page()
    assert names.inline == []
    assert [each for each in names.references if re.match(r"(https?:)?//", each)] == []


async def test_the_page_has_a_strict_policy_of_its_own(client):
    answer = await client.get("/")
    policy = answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "camera=(self)" in answer.headers["permissions-policy"]


@pytest.mark.parametrize("name", sorted(FILES.keys() - {"index.html"}))
async def test_every_file_is_served_with_its_type(client, name):
    answer = await client.get(f"/playground/{name}")
    expected = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
    assert answer.status_code == 200
    assert answer.headers["content-type"] == expected[name.rpartition(".")[2]]
    assert answer.content == FILES[name]


def test_every_file_that_the_page_names_is_there():
    named = {each for each in names_in_page().references if each.startswith("playground/")}
    assert {each.removeprefix("playground/") for each in named} <= FILES.keys()


def test_every_module_is_imported_by_the_page_or_another_module():
    imports = re.compile(r'from "\./(\w+\.js)"')
    used = {name for text in FILES.values() for name in imports.findall(text.decode())}
    started = {"app.js", "theme.js"}
    assert {name for name in FILES if name.endswith(".js")} == used | started


def test_every_module_is_asked_for_at_once_instead_of_by_the_one_that_imports_it():
    named = {each.removeprefix("playground/") for each in names_in_page().references}
    assert {name for name in FILES if name.endswith(".js")} <= named


async def test_a_page_that_the_browser_has_is_not_sent_again_and_keeps_its_policy(client):
    first = await client.get("/")
    again = await client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    for name in ("content-security-policy", "permissions-policy"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize("name", ["none.js", "index.html", "..%2F..%2Fapp.py", "__init__.py"])
async def test_there_is_nothing_at_any_other_path(client, name):
    answer = await client.get(f"/playground/{name}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/not-found"


@pytest.mark.parametrize("path", ["/", "/playground/app.js"])
def test_the_page_needs_no_key_where_the_service_wants_one(path):
    assert is_open(path)
