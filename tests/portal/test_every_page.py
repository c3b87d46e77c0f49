"""What holds for every page: nothing inline, the policy that says so, a heading and a title, little to load."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.makers import make_api, make_certificate, make_subscription
from tests.portal.every_page import ADDRESSES, make_something_of_everything

NO_PAGES = {"healthz", "readyz", "metrics"}
PAGES = {name: address for name, address in ADDRESSES.items() if address.method == "get" and name not in NO_PAGES}
LARGEST_PAGE = 64_000


class Reader(HTMLParser):
    """Collects what a strict Content-Security-Policy would refuse, headings, and ids that are there twice."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.headings = 0
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.headings += tag == "h1"
        self.ids += [values["id"] or ""] if "id" in values else []
        if tag == "style" or (tag == "script" and "src" not in values):
            self.inline.append(tag)
        handlers = [name for name, value in attrs if name == "style" or name.startswith(("on", "hx-on"))]
        self.inline += handlers + [value for value in values.values() if value and value.startswith("javascript:")]


def test_pages_have_nothing_inline_and_say_so(administrator: User) -> None:
    make_something_of_everything()  # once for all pages: looking at one changes nothing
    stranger, client = Client(), Client()
    client.force_login(administrator)
    answers = {name: (stranger if name == "login" else client).get(address.path(name)) for name, address in PAGES.items()}
    assert {name: wrong for name, answer in answers.items() if (wrong := list(_wrong_with(answer)))} == {}


def _wrong_with(answer: Any) -> Iterator[str]:
    policy = answer.headers["Content-Security-Policy"]
    if "default-src 'none'" not in policy or "unsafe" in policy or "data:" in policy:
        yield f"the policy lets too much in: {policy}"
    reader = Reader()
    reader.feed(answer.content.decode())
    yield from (f"inline: {one}" for one in reader.inline)
    yield from (f"an id is there twice: {one}" for one in set(reader.ids) if reader.ids.count(one) > 1)
    if b"<html" in answer.content and (reader.headings != 1 or b"<title> " in answer.content):
        yield "it has no heading, several, or no title"


@pytest.mark.parametrize("path", ["/admin/", "/admin/auth/user/add/", "/admin/portal/activity/", "/nowhere/"])
def test_other_pages_have_nothing_inline_either(administrator: User, path: str) -> None:
    client = Client()
    client.force_login(administrator)
    answer = client.get(path)
    reader = Reader()
    reader.feed(answer.content.decode())
    assert reader.inline == []
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_lists_stay_small(signed_in: Client) -> None:
    for number in range(30):
        make_certificate(f"client-{number}")
        make_subscription(f"sub-{number}", api=make_api(f"api-{number}"))
    for path in ("/", "/security/client-certificates/", "/apis/", "/subscriptions/", "/activity/"):
        assert len(signed_in.get(path).content) < LARGEST_PAGE, path
