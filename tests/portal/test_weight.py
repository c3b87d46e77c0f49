"""What a page makes a browser fetch: style sheets and scripts of ours stay small, as a server sends them."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from django.conf import settings
from django.test import Client

from tests.apis.bulk import many_apis, many_certificates, many_subscriptions
from tests.makers import make_api, make_certificate

STATIC = Path(settings.BASE_DIR) / "static"
_LINKED = re.compile(r'<link rel="stylesheet" href="/static/([^"]+)"')


def _sent(files: list[Path]) -> int:
    return sum(len(gzip.compress(file.read_bytes(), mtime=0)) for file in files)


def test_all_style_sheets_of_a_page_are_small(signed_in: Client) -> None:
    linked = [STATIC / name for name in _LINKED.findall(signed_in.get("/").content.decode())]
    assert len(linked) > 1
    assert _sent(linked) <= 25_000


def test_all_scripts_of_ours_are_small() -> None:
    assert _sent(list(STATIC.glob("*.js"))) <= 12_000


def test_a_page_of_fifty_rows_is_small(signed_in: Client) -> None:
    version = make_certificate("model").current
    assert version is not None
    many_certificates(60, version)
    many_apis(60)
    many_subscriptions(60, make_api("orders"))
    for path in ("/security/client-certificates/", "/apis/", "/subscriptions/"):
        page = signed_in.get(path, {"per": 50}).content
        assert page.count(b'class="tick"') > 50, path
        assert len(page) <= 80_000, path
