"""Large numbers are written with separators, in either language."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from tests.apis.bulk import many_apis

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
def test_a_thousand_is_written_with_a_separator(signed_in: Client, language: str) -> None:
    many_apis(1234)
    signed_in.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    for page in ("/", "/apis/"):
        text = signed_in.get(page).content.decode()
        assert "1,234" in text, page
        assert "1234" not in text.replace('value="1234"', ""), page
