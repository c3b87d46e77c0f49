"""Drop-downs are the bytes that Django's own templates make."""

from __future__ import annotations

from typing import Any

import pytest
from django.forms import NullBooleanSelect, Select, SelectMultiple
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from portal.forms import PortalRenderer

_HOSTILE = """"><script>alert('x')</script>&amp;"""
_GROUPED = [("", "–"), ("Fruit", [("a", "Apple"), ("b", _HOSTILE)]), (_HOSTILE, [(1, 1000), (None, "none")]), ("z", gettext_lazy("Show"))]
_texts = st.text(max_size=8) | st.sampled_from([_HOSTILE, "a", "'", SafeString("<b>&</b>")])
_options = st.tuples(_texts | st.integers() | st.none(), _texts | st.integers() | st.floats())


def _both(widget: Select, value: Any, attributes: dict[str, Any]) -> tuple[str, str]:
    ours, djangos = (widget.render("chosen", value, attributes, renderer) for renderer in (PortalRenderer(), DjangoTemplates()))
    return ours, djangos


@pytest.mark.parametrize("value", [None, "", "a", "b", 1, "1", "z", _HOSTILE])
@pytest.mark.parametrize("attributes", [{}, {"id": "id_x", "required": True, "disabled": False, "data-x": _HOSTILE, "size": 3}])
def test_one_of_several_groups(value: Any, attributes: dict[str, Any]) -> None:
    ours, djangos = _both(Select(choices=_GROUPED), value, attributes)
    assert ours == djangos


def test_several_at_once() -> None:
    ours, djangos = _both(SelectMultiple(choices=_GROUPED), ["a", "b"], {"id": "x"})
    assert ours == djangos
    assert ours.count(" selected") == 2


def test_without_options() -> None:
    ours, djangos = _both(Select(), "a", {})
    assert ours == djangos


def test_yes_no_and_unknown() -> None:
    ours, djangos = _both(NullBooleanSelect(), True, {})
    assert ours == djangos


@given(
    choices=st.lists(_options | st.tuples(_texts, st.lists(_options, max_size=3)), max_size=4),
    value=_texts,
    attributes=st.dictionaries(_texts, _texts | st.booleans() | st.integers(), max_size=3),
)
def test_whatever_there_is_to_choose(choices: list[Any], value: str, attributes: dict[str, Any]) -> None:
    ours, djangos = _both(Select(choices=choices), value, attributes)
    assert ours == djangos
