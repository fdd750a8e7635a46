"""What is remembered of one request for the next, and what must not be."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import convolve2d

from service.convolution.costs import DEFAULT_COSTS, use_costs
from service.convolution.operand import Operand
from service.convolution.options import Options
from service.errors import InvalidRequest, LimitExceeded
from service.pipelines.banks import prepare_bank
from service.pipelines.chains import Chain
from service.pipelines.pictures import convolve_picture
from service.pipelines.remembered import MOST_TAPS, picture_request
from service.pipelines.requests import SignalRequest, parse_request
from tests.pipelines.calling import LIMITS, call, png_of

OPERAND = Operand((9, 11, 1), 255.0, whole=True)


def request_of(**fields):
    return picture_request({name: memoryview(text) for name, text in fields.items()})


def built(request, dimensions=2):
    (placed,) = request.chain()
    return Chain(LIMITS).build(placed, dimensions)


def test_the_same_words_are_the_same_request_with_the_same_kernel():
    first, again = (request_of(kernel=b"[[1,2],[3,4]]", mode=b"full") for _ in range(2))
    assert first is again
    assert first.chain() is again.chain()
    assert built(first) is built(again)


def test_a_kernel_by_its_name_is_built_once_for_all_signals():
    first, again = (
        parse_request(SignalRequest, {"signal": [1.0, number], "kernel": "hann"})
        for number in range(2)
    )
    assert built(first, 1) is built(again, 1)


def test_files_are_no_words_of_a_request():
    first = request_of(kernel=b"box", image=b"one", kernel_image=b"two")
    assert first is request_of(kernel=b"box", image=b"three", kernel_image=b"four")


@pytest.mark.parametrize("other", [{"kernel": b"[[1,2],[3,5]]"}, {"mode": b"full"}])
def test_other_words_are_another_request(other):
    words = {"kernel": b"[[1,2],[3,4]]", "mode": b"same"}
    assert request_of(**words) is not request_of(**(words | other))


def test_a_long_text_is_read_anew():
    text = b" " * 9000 + b"box"
    assert request_of(kernel=text) is not request_of(kernel=text)
    assert request_of(kernel=text) == request_of(kernel=b"box")


def test_what_is_wrong_with_a_request_is_told_each_time():
    for _ in range(2):
        with pytest.raises(InvalidRequest):
            request_of(kernel=b"box", mode=b"sideways")


def test_a_large_kernel_is_not_kept():
    request = request_of(kernel=b'{"name": "box", "size": %d}' % MOST_TAPS)
    assert built(request, 1) is built(request, 1)
    larger = request_of(kernel=b'{"name": "box", "size": %d}' % (MOST_TAPS + 1))
    assert built(larger, 1) is not built(larger, 1)


def test_a_kernel_is_kept_for_its_dimensions_and_its_limits():
    request = request_of(kernel=b'{"name": "box", "size": 5}')
    assert built(request, 1).kernels[0].values.shape == (5,)
    assert built(request, 2).kernels[0].values.shape == (5, 5)
    (placed,) = request.chain()
    with pytest.raises(LimitExceeded, match="at most"):
        Chain(replace(LIMITS, max_kernel_side=4)).build(placed, 2)


def test_a_plan_is_kept_for_a_shape_but_not_for_other_costs():
    bank = built(request_of(kernel=b"[[1,2],[3,4]]"))
    plan = prepare_bank(OPERAND, bank, Options())
    assert prepare_bank(OPERAND, bank, Options()) is plan
    assert prepare_bank(replace(OPERAND, shape=(9, 12, 1)), bank, Options()) is not plan
    with use_costs(replace(DEFAULT_COSTS, call=1.0)):
        assert prepare_bank(OPERAND, bank, Options()) is not plan


def test_the_limit_on_work_holds_for_a_plan_that_is_kept():
    bank = built(request_of(kernel=b"[[1,2],[3,4]]"))
    (plan,) = prepare_bank(OPERAND, bank, Options()).plans
    options = Options(max_multiply_adds=1.5 * plan.work)
    prepare_bank(OPERAND, bank, options)
    with pytest.raises(LimitExceeded, match="multiply-adds"):
        prepare_bank(OPERAND, bank, options, before=[plan])


def test_other_pictures_with_the_same_words_have_results_of_their_own(draw):
    taps = np.array([[1, 2], [3, 4]])
    for shift in range(3):
        picture = np.roll(draw(9, 11), shift)
        parts = {"image": png_of(picture), "kernel": b"[[1,2],[3,4]]", "normalize": b"sum"}
        answer = call(
            convolve_picture, {**parts, "boundary": b"constant"}, output="npy", include=()
        )
        exact = convolve2d(picture.astype(float), taps / taps.sum(), "same")
        np.testing.assert_allclose(answer.array, exact, atol=1e-9)


def test_a_picture_as_the_kernel_is_looked_at_each_time(draw):
    picture = draw(9, 11)
    for taps in (np.array([[1, 2], [3, 4]], np.uint8), np.array([[9, 2], [1, 0]], np.uint8)):
        parts = {"image": png_of(picture), "kernel_image": png_of(taps), "boundary": b"constant"}
        answer = call(convolve_picture, parts, output="npy", include=())
        exact = convolve2d(picture.astype(float), taps / taps.sum(), "same")
        np.testing.assert_allclose(answer.array, exact, atol=1e-9)
