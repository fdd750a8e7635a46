"""What is sent and when: stale answers, cancelling, progress, and problems beside their fields."""

import json

import pytest

from tests.web.pictures import noise, upload

pytestmark = pytest.mark.browser

CONVOLVE = "**/v1/images/convolve*"


def test_an_answer_that_was_overtaken_is_dropped(playground):
    playground.open()
    told = playground.run(
        """async () => {
          const { Latest } = await import("/playground/latest.js");
          const told = [];
          const waiting = [];
          const task = () => new Promise((resolve) => waiting.push(resolve));
          const on = { done: (value) => told.push(value), end: () => told.push("end") };
          const latest = new Latest(task, on, 0);
          const moment = (time) => new Promise((resolve) => setTimeout(resolve, time));
          latest.request();
          await moment(20);
          latest.request();
          await moment(600);
          waiting[1]("second");
          waiting[0]("first");
          await moment(20);
          return told;
        }"""
    )
    assert told == ["second", "end"]


def test_a_run_that_takes_long_is_cancelled_when_another_is_wanted(playground):
    playground.open()
    assert playground.run(
        """async () => {
          const { Latest } = await import("/playground/latest.js");
          const signals = [];
          const latest = new Latest((signal) => new Promise(() => signals.push(signal)), {}, 0);
          const moment = (time) => new Promise((resolve) => setTimeout(resolve, time));
          latest.request();
          await moment(20);
          latest.request();
          await moment(600);
          return signals.map((each) => each.aborted);
        }"""
    ) == [True, False]


def test_a_late_answer_does_not_take_the_place_of_a_later_one(playground):
    playground.open("picture", kernel={"name": "identity"}, absolute=False)
    newest = playground.result()
    held = []

    def hold(route):
        if held:
            route.continue_()
        held.append(route)

    playground.page.route(CONVOLVE, hold)
    playground.page.click(".chips >> text=Blur")
    playground.page.wait_for_function("() => document.querySelector('.busy.running')")
    while not held:
        playground.page.wait_for_timeout(20)
    playground.page.select_option(".kernel select", "identity")
    held[0].continue_()
    playground.settle()
    playground.page.wait_for_timeout(300)
    assert playground.result() == newest


def test_a_request_that_takes_long_shows_it_is_busy_and_can_be_cancelled(playground):
    playground.open()
    status = playground.page.inner_text(".status")
    playground.page.route(CONVOLVE, lambda _: None)
    playground.page.click(".chips >> text=Blur")
    playground.page.wait_for_selector(".busy.running progress", state="visible")
    playground.page.wait_for_timeout(300)
    with playground.page.expect_event("requestfailed"):
        playground.page.click(".busy >> text=Cancel")
    playground.page.wait_for_selector(".busy.running", state="detached")
    assert playground.page.inner_text(".status") == status


def test_the_progress_of_an_upload_is_told(playground):
    playground.open()
    shares = playground.run(
        """async () => {
          const { postForm } = await import("/playground/api.js");
          const shares = [];
          const body = new Blob([new Uint8Array(4 << 20)]);
          await postForm("v1/images/convolve", [["image", body], ["kernel", "box"]],
            { progress: (share) => shares.push(share) }).catch(() => {});
          return shares;
        }"""
    )
    assert shares[-1] == 1
    assert shares == sorted(shares)


FAULTS = {
    "/kernel/sigma": ({"kernel": {"name": "gaussian", "sigma": -1}}, "at least 0.001"),
    "/kernel/normalize": (
        {"kernel": {"name": "outline", "normalize": "sum"}},
        "sum of the taps is zero",
    ),
    "/kernel/size": ({"kernel": {"name": "frame", "size": 4}}, "odd"),
    "/kernel": ({"kernel": {"name": "laplacien"}}, "laplacian"),
    "/mode": ({"mode": "sideways"}, "valid"),
}


@pytest.mark.parametrize("pointer", FAULTS)
def test_a_problem_stands_beside_the_field_that_it_names(playground, pointer):
    settings, words = FAULTS[pointer]
    playground.open("picture", **settings)
    answer = playground.page.wait_for_selector(f"[data-pointer='{pointer}'] > .fault")
    assert words in answer.inner_text()
    assert answer.is_visible()
    control = playground.page.locator(f"[data-pointer='{pointer}'] [aria-invalid=true]").first
    described = control.get_attribute("aria-describedby")
    assert described == answer.get_attribute("id")


def test_a_problem_goes_away_when_it_is_mended(playground):
    playground.open("picture", kernel={"name": "gaussian", "sigma": -1})
    playground.page.wait_for_selector(".fault")
    playground.page.fill("[data-pointer='/kernel/sigma'] input[type=number]", "2")
    playground.page.wait_for_selector(".fault", state="detached")
    playground.settle()
    assert playground.page.locator("[aria-invalid=true]").count() == 0


def test_a_file_that_is_no_picture_is_told_beside_the_button(playground):
    playground.open()
    given = {"name": "notes.png", "mimeType": "image/png", "buffer": b"no picture"}
    playground.page.set_input_files(".source input[type=file]", given)
    fault = playground.page.wait_for_selector("[data-pointer='/image'] > .fault")
    assert "not a picture" in fault.inner_text()


def test_a_service_that_is_busy_is_said_to_be_so(playground):
    playground.open()
    body = json.dumps({"title": "Too busy", "status": 503, "detail": "the queue is full"})
    playground.page.route(
        CONVOLVE,
        lambda route: route.fulfill(status=503, content_type="application/problem+json", body=body),
    )
    playground.page.click(".chips >> text=Blur")
    playground.page.wait_for_selector(".problems >> text=the queue is full")


def test_a_service_that_cannot_be_reached_is_said_to_be_so(playground):
    playground.open()
    playground.page.route(CONVOLVE, lambda route: route.abort())
    playground.page.click(".chips >> text=Blur")
    playground.page.wait_for_selector(".problems >> text=can't be reached")


def test_turning_a_slider_quickly_sends_few_requests(playground):
    playground.open("picture", kernel={"name": "gaussian"})
    sent = []
    playground.page.on(
        "request", lambda request: "images/convolve" in request.url and sent.append(1)
    )
    playground.page.focus("[data-pointer='/kernel/sigma'] input[type=range]")
    for _ in range(30):
        playground.page.keyboard.press("ArrowRight")
    playground.settle()
    assert 1 <= len(sent) < 15


def test_a_chosen_picture_is_sent_once_for_each_change(playground):
    playground.open()
    sent = []
    playground.page.on(
        "request", lambda request: "images/convolve" in request.url and sent.append(1)
    )
    playground.page.set_input_files(".source input[type=file]", upload(noise(8, 8)))
    playground.page.wait_for_selector("text=noise.png")
    playground.settle()
    assert len(sent) == 1
