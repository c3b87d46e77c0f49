"""The text of a configuration file: read as YAML 1.2 has it, no key twice, and written so that it is read again as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rest.configuration.shape.checking import faults_of
from rest.configuration.text import NotRead, read, write
from rest.configuration.whole import shape

_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_ODD = st.sampled_from(
    [
        "no",
        "on",
        "22:00",
        "1e3",
        "0o14",
        "0x1f",
        "1_000",
        ".5",
        "2026-11-27",
        "null",
        "~",
        "",
        "<<",
        "=",
        " a",
        "a\n",
        "a\n\n b",
        "- a",
        "#",
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS | _ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries((_TEXTS | _ODD).filter(lambda key: key != "<<"), inner, max_size=3),
)


@given(st.dictionaries(_TEXTS.filter(lambda key: key != "<<"), _VALUES, max_size=4))
def test_what_is_written_is_read_as_it_was(document: dict[str, Any]) -> None:
    assert read(write(document)) == document


def test_words_and_times_that_older_yaml_takes_for_something_else_are_texts() -> None:
    assert read("a: no\nb: 22:00\nc: 2026-11-27\n") == {"a": "no", "b": "22:00", "c": "2026-11-27"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: 1\napis: []\napis: []\n", "“apis” stands twice .line 3"),
        ("apis:\n- name: a\n  path: b\n  path: c\n", "“path” stands twice .line 4"),
        ('{"version": 1, "apis": [], "apis": []}', "“apis” stands twice"),
        ("version: 1\n---\nversion: 1\n", "several YAML documents"),
        ("a: [", "not valid YAML"),
        ("a: !!python/object:os.system x", "tag"),
        ("a: &a [*a]", "alias within"),
    ],
)
def test_what_would_go_unnoticed_is_refused(text: str, words: str) -> None:
    with pytest.raises(NotRead, match=words):
        read(text)


def test_certificates_stand_line_by_line() -> None:
    assert write({"certificates": "-----BEGIN\nabc\n-----END\n"}) == "certificates: |\n  -----BEGIN\n  abc\n  -----END\n"


def test_zeros_that_no_database_takes_are_left_out() -> None:
    assert read('{"a": "b\0c", "d": "e\\u0000f"}') == {"a": "bc", "d": "ef"}


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_a_number_that_no_database_takes_is_refused_at_its_place(number: str) -> None:
    faults = faults_of(read(f'{{"version": 1, "apis": [{{"name": "orders", "documentation": {{"sizes": [1, {number}]}}}}]}}'), shape())
    assert [(fault.target, str(fault.message)) for fault in faults] == [
        ("apis.orders.documentation.sizes.2", "This is no number, or too large a one.")
    ]
