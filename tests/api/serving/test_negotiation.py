"""Which format an answer gets."""

from __future__ import annotations

import pytest

from service.api.serving.asking import written
from service.api.serving.negotiation import choose_format
from service.errors import NotAcceptable
from service.formats.table import Subject

PICTURES = written(Subject.PICTURE)
OFFERS = {
    "pictures": PICTURES,
    "signals": written(Subject.SIGNAL, first="json"),
    "kernels": written(Subject.KERNEL, first="json"),
}
EVERY = [(name, each) for name, offered in OFFERS.items() for each in offered]
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "png"),
        ("", "png"),
        ("  ", "png"),
        ("*/*", "png"),
        ("image/*", "png"),
        ("image/webp", "webp"),
        ("IMAGE/WebP", "webp"),
        ("image/jpg", "jpeg"),
        ("image/apng", "png"),
        ("application/*", "npy"),
        ("application/json, image/*;q=0.9", "json"),
        ("image/png;q=0.5, image/webp;q=0.8", "webp"),
        ("image/png; q=0.5 , image/webp ;q=0.501", "webp"),
        ("image/webp, image/jpeg", "jpeg"),
        ("image/tiff;q=1.000, image/jpeg;q=0.999", "tiff"),
        ("image/png;q=0, */*", "jpeg"),
        ("image/*;q=0, */*;q=0.1", "npy"),
        ("*/*;q=0.9, image/png;q=0.1, image/jpeg;q=0.1", "webp"),
        ("image/*;q=0.2, image/webp;q=0.1, application/json;q=0.15", "png"),
        ("text/html, image/tiff;q=0.1", "tiff"),
        ("image/png;q=high, image/webp;q=0.1", "webp"),
        ("image/png;q=, image/webp;q=0.1", "webp"),
        ("image/png;q=-1, image/webp;q=0.1", "webp"),
        ("image/png;q=0.1234, image/webp;q=0.1", "webp"),
        ("image/png;q=nan, image/webp;q=0.1", "webp"),
        ("image/png;q=2, image/webp;q=0.1", "webp"),
        ("image/png;q=0., image/webp;q=0.1", "webp"),
        ("image/png;version=1;q=0.1, image/webp;q=0.2", "webp"),
        ("image/png;Q=0.1, image/webp;q=0.2", "webp"),
        (", ,image/webp,,", "webp"),
        ("*, image/webp;q=0.1", "webp"),
        ("image, image/webp;q=0.1", "webp"),
        (CHROME + "*/*;q=0.8", "png"),
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "png"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "png"),
        ("image/avif,image/webp,*/*", "png"),
    ],
)
def test_the_header_accept_chooses_the_most_welcome_format(accept, chosen):
    assert choose_format(accept, None, PICTURES).name == chosen


@pytest.mark.parametrize(("offer", "wanted"), EVERY)
def test_each_format_offered_is_reached_by_each_of_its_media_types_and_by_name(offer, wanted):
    for media_type in wanted.media_types:
        assert choose_format(media_type, None, OFFERS[offer]) is wanted
        assert choose_format(f"{media_type};q=0.3, text/html", None, OFFERS[offer]) is wanted
    assert choose_format(None, wanted.name, OFFERS[offer]) is wanted


@pytest.mark.parametrize(("offer", "wanted"), EVERY)
def test_the_name_wins_over_the_header(offer, wanted):
    for accept in ("text/html", "*/*;q=0", *[each.media_type for each in OFFERS[offer]]):
        assert choose_format(accept, wanted.name, OFFERS[offer]) is wanted


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize(
    "accept", ["text/html", "image/avif", "*/*;q=0", "video/*", "nonsense", "/", "*/png", ";q=1"]
)
def test_where_nothing_is_acceptable_the_error_lists_what_there_is(offer, accept):
    with pytest.raises(NotAcceptable) as caught:
        choose_format(accept, None, OFFERS[offer])
    for each in OFFERS[offer]:
        assert each.media_type in caught.value.detail


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("name", ["", "gif", "PNG", "image/png", "../png"])
def test_a_name_that_is_not_offered_is_not_acceptable(offer, name):
    with pytest.raises(NotAcceptable) as caught:
        choose_format("*/*", name, OFFERS[offer])
    assert [fault.pointer for fault in caught.value.faults] == ["/format"]
    for each in OFFERS[offer]:
        assert each.name in caught.value.detail


@pytest.mark.parametrize("weight", ["1.5", "1.001"])
def test_a_weight_over_one_is_malformed_and_counts_as_nothing(weight):
    accept = f"image/png;q={weight}, image/webp;q=0.1"
    assert choose_format(accept, None, PICTURES).name == "webp"


@pytest.mark.parametrize(("offer", "first"), [("pictures", "png"), ("signals", "json")])
def test_the_preferred_format_comes_first_and_the_table_gives_the_order_of_the_others(offer, first):
    names = [each.name for each in OFFERS[offer]]
    assert names[0] == first
    assert len(names) == len(set(names))
