"""The way to a page stands above it: each step a page above, and none of them the page itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, partial
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import strip_tags

from tests.portal.every_page import ADDRESSES, Open, make_something_of_everything

pytestmark = pytest.mark.any_database
_CRUMBS = re.compile(r'<nav class="crumbs"[^>]*>(.*?)</nav>\s*<h1>(.*?)</h1>', re.DOTALL)
_STEP = re.compile(r'<(?:a href="([^"]+)"|span)>(.*?)</(?:a|span)>', re.DOTALL)


@dataclass(frozen=True)
class Way:
    """What stands above a page: the steps (address, words), and its heading."""

    steps: tuple[tuple[str, str], ...]
    heading: str

    def is_the_way(self, steps: tuple[tuple[str, str], ...]) -> bool:
        """Whether *steps* lead to the page; the heading of a tab is that of the page whose tab it is, which is a step, too."""
        return self.steps in {steps, steps[:-1]} and (self.steps == steps or steps[-1][1] == self.heading)


def _words(markup: str) -> str:
    return unescape(strip_tags(markup)).strip()


def _way(client: Client, path: str) -> Way | None:
    answer = client.get(path)
    found = _CRUMBS.search(answer.content.decode()) if answer["Content-Type"].startswith("text/html") else None
    if found is None:
        return None
    steps = tuple((unescape(path), _words(words)) for path, words in _STEP.findall(found[1]))
    return Way(steps=steps, heading=_words(found[2]))


def test_each_step_leads_to_a_page_whose_own_way_is_the_steps_before_it(administrators_pages: Client, administrator: User) -> None:
    make_something_of_everything()
    at = cache(partial(_way, administrators_pages))
    paths = [
        address.path(name)
        for name, address in ADDRESSES.items()
        if address.open_to is not Open.ANYBODY and address.method == "get" and address.reads
    ]
    ways = {path: way for path in paths if (way := at(path))}
    assert sum(bool(way.steps) for way in ways.values()) > 60
    wrong = [
        f"{path}: {way.steps[:number]} is not the way to {above}"
        for path, way in ways.items()
        for number, (above, _) in enumerate(way.steps)
        if above and not ((before := at(above)) and before.is_the_way(way.steps[:number]))
    ]
    wrong += [f"{path} is called as a page above it" for path, way in ways.items() if way.heading in {words for _, words in way.steps}]
    assert not wrong, "\n".join(wrong)
