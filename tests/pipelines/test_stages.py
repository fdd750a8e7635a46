"""The time of a job's stages."""

from __future__ import annotations

import pytest

from service.errors import InvalidRequest
from service.pipelines.stages import Stages


def test_stages_stand_in_the_order_of_their_beginning_and_add_up():
    stages = Stages()
    for name in ("decode", "plan", "decode"):
        with stages.stage(name):
            pass
    assert list(stages.milliseconds) == ["decode", "plan"]
    assert all(spent >= 0 for spent in stages.milliseconds.values())


def test_an_error_takes_the_stages_along_with_the_one_it_ended():
    stages = Stages()
    with stages.stage("decode"):
        pass
    with pytest.raises(InvalidRequest) as caught, stages.stage("plan"):
        raise InvalidRequest("no")
    assert list(caught.value.milliseconds) == ["decode", "plan"]


def test_what_is_no_error_of_the_service_goes_on_as_it_is():
    with pytest.raises(ZeroDivisionError), Stages().stage("plan"):
        raise ZeroDivisionError
