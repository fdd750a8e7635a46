"""The table of formats is consistent in itself."""

from collections import Counter

import pytest

from service.formats.table import FORMATS, Format, Subject, labels, sniff_picture

ENTRIES = list(FORMATS.values())


def test_no_media_type_belongs_to_two_formats():
    counts = Counter(each for entry in ENTRIES for each in entry.media_types)
    assert set(counts.values()) == {1}


def test_no_extension_belongs_to_two_formats():
    counts = Counter(each for entry in ENTRIES for each in entry.extensions)
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_format_is_found_by_its_own_name_and_has_a_use(entry: Format):
    assert FORMATS[entry.name] is entry
    assert entry.media_type == entry.media_types[0]
    assert entry.reads | entry.writes
    assert entry.depths or entry.draws


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_format_that_is_read_or_written_has_its_codec(entry: Format):
    assert (Subject.PICTURE in entry.reads) == (entry.decode_picture is not None)
    assert (entry.decode_picture is None) == (entry.signature is None)
    if Subject.PICTURE in entry.writes:
        assert entry.encode_picture or entry.encode_array
    if Subject.SIGNAL in entry.reads:
        assert entry.decode_array or entry.name == "json"  # JSON comes with the request itself
    if Subject.SIGNAL in entry.writes:
        assert entry.encode_array or entry.draws


def test_labels_name_the_formats_of_a_condition_in_order():
    assert labels(lambda entry: entry.alpha and entry.any_shape) == "NPY, JSON"


@pytest.mark.parametrize("data", [b"", b"P", b"RIFF", b"BMI is a measure of the body.", b"P5ab"])
def test_what_only_begins_like_a_picture_is_none(data):
    assert sniff_picture(data) is None
