"""URLs of what listens on this machine."""

from __future__ import annotations

import pytest

from portal.locations import url_of


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("localhost", "http://localhost:80"),
        ("::1", "http://[::1]:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),  # noqa: S104 - what is listened on
        ("::", "http://[::1]:80"),
    ],
)
def test_a_url_leads_to_what_listens(host: str, url: str) -> None:
    assert url_of(host, 80) == url
