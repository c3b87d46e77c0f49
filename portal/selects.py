"""Drop-downs, written as Django's templates write them, byte for byte. Those render two for each option."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.formats import localize
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe


def rendered(widget: Mapping[str, Any]) -> SafeString:
    """Return a drop-down as HTML.

    :param widget: as ``Select.get_context()`` describes it
    """
    return format_html(
        '<select name="{}"{}>{}\n</select>', widget["name"], _attributes(widget["attrs"]), _joined(_groups(widget["optgroups"]))
    )


def _groups(groups: list[tuple[Any, list[Mapping[str, Any]], int]]) -> Iterator[SafeString]:
    for name, options, _index in groups:
        if name:
            yield format_html('\n  <optgroup label="{}">', _shown(name))
        for one in options:
            yield format_html('\n  <option value="{}"{}>{}</option>\n', str(one["value"]), _attributes(one["attrs"]), _shown(one["label"]))
        if name:
            yield SafeString("\n  </optgroup>")


def _attributes(attributes: Mapping[str, Any]) -> SafeString:
    present = ((name, value) for name, value in attributes.items() if value is not False)
    return _joined(format_html(" {}", name) if value is True else format_html(' {}="{}"', name, str(value)) for name, value in present)


def _shown(text: Any) -> SafeString:
    return conditional_escape(localize(text))


def _joined(parts: Iterator[SafeString]) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308 - each is HTML
