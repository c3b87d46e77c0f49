"""Somebody at the portal's pages without a browser: signs in, fills in forms, reads answers."""

from __future__ import annotations

import re
from typing import Protocol

import requests


class Place(Protocol):
    """A portal with its first administrator."""

    @property
    def url(self) -> str: ...
    @property
    def user_name(self) -> str: ...
    @property
    def password(self) -> str: ...


class Visitor:
    """A person who is signed in as the first administrator."""

    def __init__(self, portal: Place) -> None:
        """Sign in."""
        self._portal = portal
        self._session = requests.Session()
        answer = self.submit("/accounts/login/", {"username": portal.user_name, "password": portal.password})
        assert "sessionid" in self._session.cookies, answer.text

    def close(self) -> None:
        """Leave."""
        self._session.close()

    def read(self, path: str) -> requests.Response:
        """Open a page."""
        return self._session.get(f"{self._portal.url}{path}", timeout=30)

    @property
    def session_key(self) -> str:
        """What the cookie holds."""
        return str(self._session.cookies["sessionid"])

    def send(self, path: str, fields: dict[str, str]) -> requests.Response:
        """Send a form that is open already; return the answer itself."""
        data = {"csrfmiddlewaretoken": str(self._session.cookies["csrftoken"]), **fields}
        return self._session.post(f"{self._portal.url}{path}", data=data, allow_redirects=False, timeout=60)

    def submit(self, path: str, fields: dict[str, str] | None = None, *, file: bytes | None = None) -> requests.Response:
        """Open a form and send it with what stands in it already, *fields* over it and perhaps a *file*; return the answer itself."""
        page = self.read(path).text
        hidden = dict(re.findall(r'<input type="hidden" name="(csrfmiddlewaretoken|revision)" value="([^"]*)"', page))
        token = hidden.get("csrfmiddlewaretoken") or self._session.cookies.get("csrftoken", "")
        return self._session.post(
            f"{self._portal.url}{path}",
            data={**hidden, "csrfmiddlewaretoken": token, **(fields or {})},
            files={"file": ("certificate.pfx", file)} if file is not None else None,
            headers={"Referer": f"{self._portal.url}{path}"},
            allow_redirects=False,
            timeout=60,
        )
