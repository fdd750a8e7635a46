"""Signals: their sources, the three plots, the sliding kernel."""

import numpy as np
import pytest
import scipy.signal

pytestmark = pytest.mark.browser

AREA = "[data-pointer='/signal'] textarea"


def requests_of(playground):
    """A function that gives the last body sent from now on, and its answer."""
    responses = []

    def note(response):
        if "signals/convolve" in response.url:
            responses.append(response)

    def last():
        playground.page.wait_for_timeout(50)
        return responses[-1].request.post_data_json, responses[-1].json()

    playground.page.on("response", note)
    return last


def test_the_notebook_is_shown_as_the_page_opens(playground):
    last = requests_of(playground)
    playground.open("signal")
    asked, answer = last()
    pulse = np.repeat([0.0, 1.0, 0.0], 100)
    window = scipy.signal.windows.hann(50)
    expected = scipy.signal.convolve(pulse, window, mode="same") / window.sum()
    assert asked["signal"] == pulse.tolist()
    np.testing.assert_allclose(answer["result"], expected, atol=1e-12)
    assert playground.page.locator(".plots svg").count() == 3


@pytest.mark.parametrize("source", ["pulse", "step", "impulses", "noise", "noisy", "chirp"])
def test_every_source_has_as_many_samples_as_are_asked_for(playground, source):
    last = requests_of(playground)
    playground.open("signal", source=source, length=77)
    signal = last()[0]["signal"]
    assert len(signal) == 77
    assert len(set(signal)) > 1
    again = requests_of(playground)
    playground.open("signal", source=source, length=77)
    assert again()[0]["signal"] == signal


@pytest.mark.parametrize("text", ["1, 2.5\n-3 4", "[1, 2.5, -3, 4]", "1\t2.5\t\N{MINUS SIGN}3\t4"])
def test_pasted_numbers_are_the_signal_and_stand_in_the_address(playground, text):
    last = requests_of(playground)
    playground.open("signal", kernel={"name": "box"})
    playground.page.fill(AREA, text)
    playground.settle()
    assert last()[0]["signal"] == [1, 2.5, -3, 4]
    assert "values=[1,2.5,-3,4]" in playground.state()


def test_numbers_that_are_none_are_not_taken(playground):
    playground.open("signal")
    playground.page.fill(AREA, "1, two")
    playground.page.wait_for_selector("text=Not taken")


def test_a_csv_file_is_the_signal(playground):
    last = requests_of(playground)
    playground.open("signal")
    given = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"0\n1\n0.25\n"}
    playground.page.set_input_files("[data-pointer='/signal'] input[type=file]", given)
    playground.page.wait_for_function(
        "() => document.querySelector('.status').textContent.startsWith('3 ')"
    )
    assert last()[0]["signal"] == [0, 1, 0.25]


def test_drawing_on_the_plot_changes_the_signal(playground):
    last = requests_of(playground)
    playground.open("signal", length=50)
    box = playground.page.locator(".plots svg").first.bounding_box()
    playground.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    playground.page.mouse.down()
    playground.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30, steps=4)
    playground.page.mouse.up()
    playground.settle()
    drawn = last()[0]["signal"]
    changed = [i for i in range(50) if drawn[i] != float(17 <= i < 34)]
    assert 8 < len(changed) < 14
    assert "source=own" in playground.state()


def test_the_kernel_slides_and_its_sum_is_the_result(playground):
    last = requests_of(playground)
    kernel = {"name": "custom", "values": [1, 2, -4]}
    playground.open("signal", source="noise", length=40, kernel=kernel, boundary="wrap", position=0)
    playground.page.focus("[aria-label='Place of the kernel']")
    playground.page.keyboard.press("End")
    text = playground.page.inner_text(".sliding .note")
    result = last()[1]["result"]
    assert text.startswith("Sample 39:")
    assert "1 of the 3 samples from beyond the border" in text
    shown = float(text.split("sum to ")[1].split(",")[0].replace("\N{MINUS SIGN}", "-"))
    assert shown == pytest.approx(result[-1], abs=1e-3)


def test_playing_moves_the_kernel_and_pausing_stops_it(playground):
    playground.open("signal", position=0)
    place = "() => Number(document.querySelector('.sliding input').value)"
    playground.page.click(".sliding >> text=Play")
    playground.page.wait_for_function(
        "() => Number(document.querySelector('.sliding input').value) > 0.03"
    )
    playground.page.click(".sliding >> text=Pause")
    stopped = playground.run(place)
    playground.page.wait_for_timeout(150)
    assert playground.run(place) == stopped > 0


def test_who_wants_less_motion_gets_steps(start):
    playground = start(reduced_motion="reduce")
    playground.open("signal", position=0)
    place = "() => Number(document.querySelector('.sliding input').value)"
    playground.page.click(".sliding >> text=Step")
    assert playground.run(place) == pytest.approx(0.05)
    playground.page.wait_for_timeout(150)
    assert playground.run(place) == pytest.approx(0.05)
    assert playground.page.locator(".sliding >> text=Play").count() == 0


def test_a_kernel_that_does_not_fit_is_told_beside_the_mode(playground):
    playground.open("signal", source="own", values=[1, 2, 3], mode="valid")
    playground.page.wait_for_selector(".fault")
    assert playground.page.locator(".fault").first.is_visible()
