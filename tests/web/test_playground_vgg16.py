"""VGG16: the grid of filters, one of them, and what a layer sees."""

import json
import urllib.parse

import httpx
import numpy as np
import pytest

pytestmark = pytest.mark.browser


def weights(playground, layer, channel):
    url = f"{playground.url}/v1/vgg16/{layer}/filters"
    query = {"format": "json", "channel": channel, "count": 64}
    return np.array(httpx.get(url, params=query, trust_env=False).json()["weights"])


def shown(playground, index):
    return np.array(
        playground.run(
            """(index) => {
              const canvas = document.querySelectorAll(".filters canvas")[index];
              const { data } = canvas.getContext("2d").getImageData(0, 0, 3, 3);
              return [0, 1, 2].map((i) => [0, 1, 2].map((j) => data[4 * (3 * i + j)]));
            }""",
            index,
        )
    )


@pytest.mark.parametrize("transpose", [False, True])
def test_every_filter_is_drawn_from_its_least_to_its_largest_weight(playground, transpose):
    playground.open("vgg16", transpose=transpose)
    assert playground.page.locator(".filters button").count() == 64
    for index in (0, 63):
        taps = weights(playground, "block1_conv1", "0")[:, :, 0, index]
        taps = taps.T if transpose else taps
        stretched = (taps - taps.min()) / (taps.max() - taps.min()) * 255
        assert np.abs(shown(playground, index) - stretched).max() <= 0.51


def test_a_filter_is_shown_large_and_used_on_the_picture(playground):
    playground.open("vgg16", channel="2")
    playground.page.click("[aria-label='Filter 5']")
    cell = playground.page.inner_text(".large td >> nth=0").replace("\N{MINUS SIGN}", "-")
    assert float(cell) == pytest.approx(
        weights(playground, "block1_conv1", "2")[0, 0, 0, 5], abs=1e-3
    )
    assert "filter=5" in playground.state()
    playground.page.click("text=Use it on my picture")
    playground.page.wait_for_selector(".matrix")
    playground.settle()
    url = f"{playground.url}/v1/vgg16/block1_conv1/filters/5?channel=2"
    kernel = httpx.get(url, trust_env=False).json()
    query = playground.run("() => location.hash").partition("?")[2]
    assert json.loads(urllib.parse.parse_qs(query)["kernel"][0]) == kernel
    assert playground.page.locator(".fault").count() == 0


def test_only_layers_that_are_there_are_offered(playground):
    playground.open("vgg16")
    options = playground.page.locator("[data-pointer='/layer'] option")
    offered = options.evaluate_all("(all) => all.map((each) => each.value)")
    layers = httpx.get(f"{playground.url}/v1/vgg16", trust_env=False).json()["layers"]
    assert offered == [each["name"] for each in layers if each["weights"] != "missing"]


def test_another_layer_has_its_own_filters_and_channels(playground):
    playground.open("vgg16")
    playground.page.select_option("[data-pointer='/layer'] select", "block2_conv2")
    playground.page.wait_for_selector("text=128 filters of block2_conv2")
    assert playground.page.locator(".filters button").count() == 128
    playground.page.fill("[data-pointer='/channel'] input[type=number]", "999")
    fault = playground.page.wait_for_selector("[data-pointer='/channel'] > .fault")
    assert fault.is_visible()


def test_the_feature_maps_of_a_picture_are_shown(playground):
    playground.open("vgg16", layer="block1_conv2")
    playground.page.click("text=Show what this layer sees")
    image = playground.page.wait_for_selector(".maps img")
    playground.page.wait_for_function(
        "() => document.querySelector('.maps img').naturalWidth > 500"
    )
    assert "block1_conv2 for ascent.png" in image.get_attribute("alt")
