"""What holds for every form of every page: what is wrong is said, what was typed is kept, and no password comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from tests.portal.every_page import make_something_of_everything
from tests.portal.test_every_page import PAGES

pytestmark = pytest.mark.any_database

TYPED = {"text", "email", "url", "number", "datetime-local", "date", "time", "tel", "password", ""}
BAD = "\x00"  # what no field takes
# By room: a text that may hold a private key; a webhook's address, which is its password.
SECRET = {("certificates", "pem"), ("server_certificates", "pem"), ("notices", "url")}


@dataclass
class Form:
    """A form as a browser would send it.

    :ivar sent: the values of what is chosen or hidden
    :ivar typed: the names of what people type, in their order, and whether it is secret
    """

    action: str
    sent: dict[str, list[str]] = field(default_factory=dict)
    typed: dict[str, bool] = field(default_factory=dict)

    def send(self, name: str, value: str) -> None:
        """Add a value."""
        self.sent.setdefault(name, []).append(value)


class Reader(HTMLParser):
    """Collects the forms of a page that change something, and in the end what its fields hold."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.values: list[str] = []
        self._form: Form | None = None
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        name = of.get("name", "")
        match tag:
            case "form":
                self._form = Form(of.get("action", "")) if of.get("method", "").lower() == "post" else None
                if self._form:
                    self.forms.append(self._form)
            case "input":
                self.values.append(of.get("value", ""))
                if self._form and name and "disabled" not in of:
                    self._take(self._form, name, of)
            case "textarea":
                self._area = name
                self.values.append("")
                if self._form and name and "readonly" not in of:
                    self._form.typed[name] = False
            case "select":
                self._select = name
            case "option" if self._form and self._select and "selected" in of:
                self._form.send(self._select, of.get("value", ""))

    def _take(self, form: Form, name: str, of: dict[str, str]) -> None:
        kind = of.get("type", "")
        if kind == "hidden" or (kind in {"radio", "checkbox"} and "checked" in of):
            form.send(name, of.get("value", "on"))
        elif kind in TYPED and "readonly" not in of:
            form.typed[name] = kind == "password"

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[-1] += data

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self._form = None
            case "select":
                self._select = ""
            case "textarea":
                self._area = ""


def read(answer: Any) -> Reader:
    reader = Reader()
    reader.feed(answer.content.decode())
    return reader


def test_what_was_typed_is_kept_and_what_is_wrong_is_said(administrator: User) -> None:
    make_something_of_everything()
    client = Client()
    client.force_login(administrator)
    found: dict[str, list[str]] = {}
    tried = 0
    for name, address in PAGES.items():
        path = address.path(name)
        for form in read(client.get(path)).forms:
            form.typed |= {one: True for one in form.typed if (name.partition(":")[0], one) in SECRET}
            if any(not secret for secret in form.typed.values()):
                tried += 1
                if wrong := list(_wrong_with(client, urljoin(path, form.action), form)):
                    found[f"{name}: {form.action}"] = wrong
    assert found == {}
    assert tried > 30


def _wrong_with(client: Client, path: str, form: Form) -> Iterator[str]:
    """Type something into every field, and into the first what cannot be."""
    typed = {name: f"typed-{number}" for number, name in enumerate(form.typed)}
    first = next(name for name, secret in form.typed.items() if not secret)
    with transaction.atomic():
        answer = client.post(path, {**form.sent, **typed, first: typed[first] + BAD})
        transaction.set_rollback(True)
    if answer.status_code != 422:
        yield f"{answer.status_code} in place of 422"
        return
    kept = read(answer).values
    for name, secret in form.typed.items():
        is_kept = any(typed[name] in value for value in kept)
        if secret and typed[name] in answer.content.decode():
            yield f"{name} comes back"
        if not secret and not is_kept:
            yield f"{name} is lost"
