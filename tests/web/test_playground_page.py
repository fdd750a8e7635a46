"""The page as a whole: policy, accessibility, colours, phone, keyboard, state, exercises."""

import hashlib
import time
import urllib.parse

import pytest
from axe_playwright_python.sync_playwright import Axe

from service import __version__
from tests.system.server import running_server
from tests.web.pictures import noise, upload

pytestmark = pytest.mark.browser

VIEWS = ("picture", "signal", "vgg16", "exercises")
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
STATES = {
    "picture": {"kernel": {"name": "motion_blur", "length": 9}, "mode": "full", "look": "slider"},
    "signal": {
        "source": "own",
        "values": [0, 1, 0.5],
        "kernel": {"name": "box"},
        "boundary": "wrap",
    },
    "vgg16": {"layer": "block1_conv2", "channel": "5", "filter": 3, "transpose": True},
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("scheme", "size"), [("light", {}), ("dark", PHONE)], ids=["light", "dark"]
)
def test_axe_finds_no_violation(start, view, scheme, size):
    playground = start(color_scheme=scheme, **size)
    playground.open(view, **STATES.get(view, {}))
    found = Axe().run(playground.page)
    assert [
        f"{each['id']}: {each['nodes'][0]['html']}" for each in found.response["violations"]
    ] == []
    assert playground.faults() == []


def test_axe_finds_no_violation_beside_an_error_and_a_matrix(playground):
    kernel = {"name": "custom", "values": [[1, 2], [3, 4]], "scale": 0}
    playground.open("picture", kernel=kernel)
    playground.page.wait_for_selector(".fault")
    assert Axe().run(playground.page).violations_count == 0


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_a_phone(start, view):
    playground = start(**PHONE)
    playground.open(view, **STATES.get(view, {}))
    assert playground.run("() => document.documentElement.scrollWidth") <= 360


def test_on_a_phone_a_kernel_is_chosen_and_the_pictures_stay_in_sight(start):
    playground = start(**PHONE)
    playground.open()
    playground.page.tap(".chips >> text=Emboss")
    playground.settle()
    playground.page.locator(".options").scroll_into_view_if_needed()
    playground.run("() => scrollBy(0, 500)")
    playground.page.wait_for_timeout(100)
    top = playground.page.locator(".pane.result").bounding_box()["y"]
    assert 0 <= top < 300
    assert playground.faults() == []


def test_the_policy_holds_and_the_page_comes_again_with_it(playground):
    playground.open()
    playground.page.reload()
    playground.settle()
    blocked = playground.run(
        """() => new Promise((resolve) => {
          addEventListener("securitypolicyviolation", () => resolve("blocked"), { once: true });
          const script = document.createElement("script");
          script.textContent = "window.stolen = true";
          document.head.append(script);
          setTimeout(() => resolve("ran"), 1000);
        })"""
    )
    assert blocked == "blocked"
    assert playground.run("() => window.stolen") is None
    playground.run("() => { window.violations = []; }")
    playground._errors.clear()


def test_the_toggle_changes_the_colours_and_is_remembered(start):
    playground = start(color_scheme="light")
    playground.open()
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = playground.run(ground)
    playground.page.click("#theme")
    dark = playground.run(ground)
    assert dark != light
    playground.page.reload()
    assert playground.run(ground) == dark
    playground.settle()
    playground.page.click("#theme")
    assert playground.run(ground) == light
    assert playground.faults() == []


def test_the_page_says_what_it_is(playground):
    playground.open()
    playground.page.wait_for_selector(f"#version >> text={__version__}")
    footer = playground.page.inner_text("footer")
    assert "Nothing is stored on the server." in footer
    assert f"curl -s {playground.url}/v1/samples/ascent" in footer
    for link in ("docs", "openapi.json"):
        assert playground.page.request.get(f"{playground.url}/{link}").ok


@pytest.mark.parametrize("view", STATES)
def test_a_state_in_the_address_comes_back_the_same(playground, view):
    playground.open(view, **STATES[view])
    there_and_back = """async ([view, hash]) => {
      const { fromHash, toHash } = await import("/playground/state.js");
      const read = fromHash(hash);
      return [read.settings, fromHash(toHash(view, read.settings)).settings];
    }"""
    hash_ = playground.run("() => location.hash")
    once, twice = playground.run(there_and_back, [view, hash_])
    assert once == twice
    assert {name: once[name] for name in STATES[view]} == STATES[view]


def test_what_is_changed_is_shown_again_at_its_address(playground):
    playground.open()
    playground.page.click(".chips >> text=Emboss")
    playground.page.click("text=minmax")
    playground.page.select_option("[data-pointer='/boundary'] select", "wrap")
    playground.settle()
    shown = playground.result()
    address = playground.state()
    for part in ("emboss", "scaling=minmax", "boundary=wrap"):
        assert part in address
    playground.page.reload()
    playground.page.wait_for_selector(".pane.result canvas")
    playground.settle()
    assert playground.result() == shown


@pytest.mark.parametrize(
    "hash_",
    [
        "picture?kernel=5",
        "picture?kernel={",
        "picture?mode=sideways",
        "nowhere?x=1",
        "picture?bias=[]",
    ],
)
def test_an_address_without_meaning_still_shows_a_page(playground, hash_):
    playground.page.goto(f"{playground.url}/#{hash_}")
    playground.page.wait_for_selector(".pane.original canvas")
    playground.settle()


def test_the_back_button_goes_to_the_view_before(playground):
    playground.open()
    playground.page.click("nav >> text=Signal")
    playground.page.wait_for_selector(".plots svg")
    playground.page.go_back()
    playground.page.wait_for_selector(".pane.result canvas")
    assert playground.page.get_attribute("nav [aria-current]", "data-view") == "picture"


def test_the_picture_stays_when_another_view_was_looked_at(playground):
    playground.open()
    playground.page.set_input_files(".source input[type=file]", upload(noise(5, 5), "mine.png"))
    playground.page.wait_for_selector("text=mine.png")
    playground.page.click("nav >> text=Signal")
    playground.page.wait_for_selector(".plots svg")
    playground.page.click("nav >> text=Picture")
    playground.page.wait_for_selector("text=mine.png")


def test_all_can_be_done_by_keyboard(playground):
    playground.open()
    playground.page.keyboard.press("Tab")
    assert playground.run("() => document.activeElement.className") == "skip"
    seen = set()
    for _ in range(60):
        playground.page.keyboard.press("Tab")
        seen.add(
            playground.run(
                """() => {
                  const focused = document.activeElement;
                  const label = focused.labels?.[0]?.textContent;
                  return focused.getAttribute("aria-label") || label || focused.textContent;
                }"""
            )
        )
    for wanted in ("Choose a picture", "Sample", "Webcam", "Blur", "Copy", "Download", "Fit"):
        assert wanted in seen, seen


def test_every_exercise_opens_in_its_state_with_what_to_look_for(playground):
    playground.open("exercises")
    links = playground.run(
        "() => [...document.querySelectorAll('.exercises a')].map((each) => each.hash)"
    )
    assert len(links) == 14
    for link in links:
        playground.page.evaluate("(hash) => { location.hash = hash; }", link)
        view = link[1:].partition("?")[0]
        playground.page.wait_for_selector(f".{view}-view")
        playground.settle()
        assert playground.page.locator(".exercise").count() == 1
        assert playground.page.locator(".fault").count() == 0, urllib.parse.unquote(link)


def test_exercises_lead_to_their_neighbours(playground):
    playground.open("exercises")
    playground.page.click("text=Hann, size 50")
    playground.page.click("text=Next →")
    playground.page.wait_for_selector(".exercise >> text=2 of 14")
    playground.page.click(".exercise >> text=All")
    playground.page.wait_for_selector(".exercises")


def test_where_a_key_is_wanted_the_page_asks_for_it_and_works(start, tmp_path):
    key = "not-a-secret"
    entry = f"me:{hashlib.sha256(key.encode()).hexdigest()}"
    with running_server(tmp_path, measured=False, workers=1, api_keys=entry) as server:
        playground = start(url=server.url)
        playground.page.goto(server.url)
        playground.page.fill(".key input", key)
        playground.page.click("text=Use it")
        playground.page.wait_for_selector(".pane.result canvas")
        assert playground.page.locator(".fault").count() == 0
        assert key not in playground.run("() => location.href + JSON.stringify(localStorage)")


def test_where_there_is_no_documentation_the_page_does_not_link_to_it(start, tmp_path):
    with running_server(tmp_path, measured=False, workers=1, docs=False) as server:
        playground = start(url=server.url)
        playground.open()
        playground.page.locator(".links a").wait_for(state="hidden")
        assert playground.page.locator("#documentation").is_hidden()


def test_only_this_service_is_asked_for_anything(playground):
    asked = set()
    playground.page.on(
        "request", lambda request: asked.add(urllib.parse.urlsplit(request.url).netloc)
    )
    playground.open()
    playground.page.click("nav >> text=VGG16")
    time.sleep(0.2)
    playground.settle()
    assert asked - {""} == {urllib.parse.urlsplit(playground.url).netloc}
