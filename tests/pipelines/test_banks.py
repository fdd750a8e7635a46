"""Several results as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from service.convolution.convolve import Options
from service.errors import ResultNotFinite
from service.kernels.kernel import Combine, Kernel, KernelBank
from service.pipelines.banks import fold, prepare_bank
from tests.pipelines.expectation import expected

FIRST = np.array([[1.0, 2, 0], [0, -1, 3]])
SECOND = np.array([[0.5, -4, 1], [2, 0, 0]])
THIRD = np.array([[-1.0, 0, 0], [0, 0, 5]])
BY_HAND = {
    Combine.MAGNITUDE: lambda results: np.sqrt(np.sum(np.square(results), axis=0)),
    Combine.MAX: lambda results: np.max(results, axis=0),
    Combine.SUM: lambda results: np.sum(results, axis=0),
    Combine.MEAN: lambda results: np.mean(results, axis=0),
}


@pytest.mark.parametrize("how", Combine)
def test_results_are_combined_sample_by_sample(how, draw):
    picture = draw(6, 7)
    bank = KernelBank(tuple(map(Kernel, (FIRST, SECOND, THIRD))), how)
    array = picture[:, :, np.newaxis]
    prepared = prepare_bank(array, bank, Options())
    result = prepared.run(array)
    results = [expected(picture, k, boundary="constant") for k in (FIRST, SECOND, THIRD)]
    np.testing.assert_allclose(result[:, :, 0], BY_HAND[how](results), rtol=0, atol=1e-10)
    assert len(prepared.plans) == 3


def test_each_kernel_has_a_divisor_of_its_own(draw):
    picture = draw(6, 7)
    bank = KernelBank((Kernel(FIRST, 2.0), Kernel(SECOND, -4.0)), Combine.SUM)
    array = picture[:, :, np.newaxis]
    result = prepare_bank(array, bank, Options()).run(array)
    halves = expected(picture, FIRST, boundary="constant") / 2
    quarters = expected(picture, SECOND, boundary="constant") / -4
    np.testing.assert_allclose(result[:, :, 0], halves + quarters, rtol=0, atol=1e-12)


def test_the_picture_itself_is_left_alone(draw):
    picture = draw(6, 7, 1).astype(np.float64)
    before = picture.copy()
    identity = KernelBank((Kernel(np.ones((1, 1)), 2.0),))
    prepare_bank(picture, identity, replace(Options(), precision=np.float64)).run(picture)
    np.testing.assert_array_equal(picture, before)


def test_magnitude_does_not_overflow_half_way():
    one = np.array([3e200, -3e200])
    fold(one, one * 4 / 3, Combine.MAGNITUDE)
    np.testing.assert_allclose(one, 5e200, rtol=1e-14)


def test_what_overflows_in_the_combination_is_an_error():
    bank = KernelBank((Kernel(np.array([1e300])), Kernel(np.array([1e300]))), Combine.SUM)
    steep = KernelBank((Kernel(np.array([1e300]), 1e-300),))
    for array, each in ((np.array([1.7e8]), bank), (np.array([1.0]), steep)):
        with pytest.raises(ResultNotFinite):
            prepare_bank(array, each, Options()).run(array)
