"""Pictures: where they come from, what is done with them, what is shown and sent."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.system.server import ROOT
from tests.web.pictures import noise, png_of, upload

pytestmark = pytest.mark.browser

SAMPLE = ROOT / "service/samples/ascent.png"
FILE = ".source input[type=file]"


def choose(playground, samples, name="noise.png"):
    playground.page.set_input_files(FILE, upload(samples, name))
    playground.page.wait_for_function(
        "(name) => document.querySelector('.about').textContent.startsWith(name)", arg=name
    )
    return playground.settle()


def test_the_sample_is_convolved_as_soon_as_the_page_is_there(playground):
    playground.open()
    ascent = SAMPLE.read_bytes()
    expected = playground.convolved(ascent, "png", kernel="laplacian", absolute="true")
    shown = np.array(playground.result())[..., 0]
    assert np.array_equal(shown, np.array(Image.open(BytesIO(expected))))


def test_a_chosen_picture_is_convolved_and_can_be_downloaded(playground, tmp_path):
    samples = noise(20, 31, 3)
    playground.open("picture", kernel={"name": "box"}, absolute=False)
    choose(playground, samples)
    expected = playground.convolved(png_of(samples), "png", kernel="box")
    with playground.page.expect_download() as told:
        playground.page.click("text=Download")
    told.value.save_as(tmp_path / "result.png")
    assert told.value.suggested_filename == "convolved-noise.png"
    assert (tmp_path / "result.png").read_bytes() == expected


def transfer(playground, kind):
    """Drop or paste a picture, as a browser tells of it."""
    playground.run(
        """([kind, bytes]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "given.png", { type: "image/png" }));
          const event = kind === "drop"
            ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true });
          document.body.dispatchEvent(event);
        }""",
        [kind, list(png_of(noise(12, 8)))],
    )


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_can_be_dropped_and_pasted(playground, kind):
    playground.open()
    transfer(playground, kind)
    playground.page.wait_for_selector("text=given.png, 8 \N{MULTIPLICATION SIGN} 12")
    playground.settle()
    assert len(playground.result()) == 12


def test_a_format_that_browsers_do_not_read_is_shown_all_the_same(playground):
    file = BytesIO()
    Image.fromarray(noise(10, 14)).save(file, "tiff")
    playground.open("picture", kernel={"name": "identity"}, absolute=False)
    given = {"name": "scan.tif", "mimeType": "image/tiff", "buffer": file.getvalue()}
    playground.page.set_input_files(FILE, given)
    playground.page.wait_for_selector("text=scan.tif, 14 \N{MULTIPLICATION SIGN} 10")
    playground.settle()
    assert np.array_equal(np.array(playground.result())[..., 0], noise(10, 14))


def test_the_webcam_gives_a_picture(start):
    playground = start(permissions=["camera"])
    playground.open()
    playground.page.click("text=Webcam")
    playground.page.click("text=Take the picture")
    playground.page.wait_for_selector("text=webcam.png")
    playground.settle()
    assert playground.page.locator("dialog").count() == 0
    assert playground.faults() == []


def test_a_webcam_that_is_not_allowed_is_said_to_be_so(playground):
    playground.open()
    playground.run(
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('no')); }"
    )
    playground.page.click("text=Webcam")
    playground.page.wait_for_selector("text=The webcam can't be used")
    playground.page.click("dialog >> text=Cancel")
    playground.page.wait_for_selector("dialog", state="detached")


def test_a_slider_made_from_the_schema_changes_the_result(playground):
    playground.open("picture", kernel={"name": "gaussian"})
    before = playground.result()
    playground.page.fill("[data-pointer='/kernel/sigma'] input[type=number]", "5")
    playground.settle()
    assert playground.result() != before
    assert '"sigma":5' in playground.state()
    assert playground.page.inner_text(".facts").startswith("41 \N{MULTIPLICATION SIGN} 41")


def test_every_kernel_of_the_catalogue_can_be_chosen(playground):
    playground.open()
    choose(playground, noise(40, 40))
    names = playground.run(
        "() => [...document.querySelector('.kernel select').options].map((each) => each.value)"
    )
    for name in names:
        playground.page.select_option(".kernel select", name)
        playground.settle()
        assert playground.page.locator(".fault").count() == 0, name
        assert playground.page.inner_text(".status"), name
    assert len(names) > 70


def test_the_matrix_is_edited_with_the_keyboard(playground):
    playground.open("picture", kernel={"name": "custom", "values": [[0, 0], [0, 0]]})
    playground.page.focus(".matrix input >> nth=0")
    for key in ("1", "ArrowRight", "2", "ArrowDown", "4", "ArrowLeft"):
        playground.page.keyboard.press(key)
    playground.page.keyboard.type("1/2")
    playground.settle()
    assert '"values":[[1,2],[0.5,4]]' in playground.state()


def paste_into_matrix(playground, text):
    playground.page.focus(".matrix input >> nth=0")
    playground.run(
        """(text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text", text);
          const paste = { clipboardData, bubbles: true, cancelable: true };
          const event = new ClipboardEvent("paste", paste);
          document.activeElement.dispatchEvent(event);
        }""",
        text,
    )


@pytest.mark.parametrize(
    "text",
    [
        "1\t2\t3\n4\t5\t-6\n",
        "1,2,3\r\n4,5,\N{MINUS SIGN}6",
        "[[1, 2, 3], [4, 5, -6]]",
        "1 2 3\n4 5 -6",
    ],
)
def test_cells_of_a_spreadsheet_are_pasted_into_the_matrix(playground, text):
    playground.open("picture", kernel={"name": "custom", "values": [[1]]})
    paste_into_matrix(playground, text)
    playground.settle()
    assert '"values":[[1,2,3],[4,5,-6]]' in playground.state()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 x", "no number"),
        ("1 2\n3", "equally long"),
        (" ".join("1" * 16), "15 \N{MULTIPLICATION SIGN} 15"),
    ],
)
def test_what_does_not_fit_into_the_matrix_is_refused_with_a_reason(playground, text, why):
    playground.open("picture", kernel={"name": "custom", "values": [[7]]})
    paste_into_matrix(playground, text)
    assert why in playground.page.inner_text(".matrix ~ [aria-live]")
    assert playground.page.input_value(".matrix input") == "7"


def test_a_kernel_of_the_catalogue_becomes_numbers_to_edit(playground):
    playground.open("picture", kernel={"name": "emboss"})
    playground.page.click("text=Edit its numbers")
    playground.settle()
    values = playground.run(
        "() => [...document.querySelectorAll('.matrix input')].map((e) => e.value)"
    )
    assert len(values) == 9
    assert float(values[0]) == -float(values[8])


def test_a_full_result_is_laid_over_the_original_where_it_belongs(playground):
    kernel = np.zeros((5, 3))
    kernel[2, 1] = 1
    options = {"mode": "full", "boundary": "constant", "absolute": False}
    playground.open("picture", kernel={"name": "custom", "values": kernel.tolist()}, **options)
    style = playground.run(
        """() => {
          const { left, top } = document.querySelector(".pane.result canvas").style;
          return [left, top];
        }"""
    )
    assert style == ["-1px", "-2px"]
    assert len(playground.result()) == 516


def test_zooming_shows_pixels_as_squares_and_fit_goes_back(playground):
    playground.open()
    for _ in range(3):
        playground.page.click("[aria-label='Zoom in']")
    canvas = playground.page.locator(".pane.result canvas")
    assert canvas.evaluate("(each) => getComputedStyle(each).imageRendering") == "pixelated"
    before = canvas.bounding_box()
    playground.page.mouse.move(300, 400)
    playground.page.mouse.down()
    playground.page.mouse.move(340, 420)
    playground.page.mouse.up()
    after = canvas.bounding_box()
    assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((40, 20), abs=1)
    playground.page.click("text=Fit")
    assert canvas.bounding_box()["width"] < 600


def test_the_slider_uncovers_the_original_by_keyboard(playground):
    playground.open("picture", look="slider")
    playground.page.focus(".wipe")
    playground.page.keyboard.press("End")
    clip = playground.page.locator(".pane.result .inner").evaluate("(each) => each.style.clipPath")
    assert clip == "inset(0px 0px 0px 100%)"
