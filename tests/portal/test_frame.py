"""The page frame: signing in, errors, language and theme."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.utils.encoding import iri_to_uri

from portal.errors import server_error

pytestmark = pytest.mark.any_database

PASSWORD = "correct horse battery staple"


def test_a_person_signs_in_and_out(publisher: User, client: Client) -> None:
    assert client.get("/").headers["Location"] == "/accounts/login/?next=/"
    page = client.get("/accounts/login/")
    assert page.status_code == 200
    assert client.post("/accounts/login/", {"username": "publisher", "password": PASSWORD}).headers["Location"] == "/"
    assert client.get("/").status_code == 200
    assert client.post("/accounts/logout/").headers["Location"] == "/accounts/login/"
    assert client.get("/").status_code == 302


def test_a_wrong_password_says_so_and_is_not_repeated(publisher: User, client: Client) -> None:
    page = client.post("/accounts/login/", {"username": "publisher", "password": "wr0ng-one"})
    assert page.status_code == 422
    assert b"<title>Error: Sign in" in page.content
    assert b'role="alert"' in page.content
    assert b"wr0ng-one" not in page.content
    assert b'value="publisher"' in page.content


def test_signed_in_pages_are_not_kept_in_caches(signed_in: Client) -> None:
    page = signed_in.get("/")
    assert page.headers["Cache-Control"] == "no-store"
    assert "HX-Request" in page.headers["Vary"]


@pytest.mark.parametrize("path", ["/nowhere/", "/i18n/setlang/"])
def test_what_cannot_be_shown_has_a_page_in_the_frame(signed_in: Client, path: str) -> None:
    page = signed_in.get(path)
    assert page.status_code in {404, 405}
    assert b"API Management" in page.content


def test_the_language_is_kept_with_the_account(signed_in: Client, publisher: User) -> None:
    assert signed_in.post("/i18n/setlang/", {"language": "zh-hans", "next": "/"}).status_code == 303
    elsewhere = Client(headers={"accept-language": "en"})
    elsewhere.force_login(publisher)
    assert b'lang="zh-hans"' in elsewhere.get("/").content


def test_the_theme_is_kept_with_the_account_and_rendered_by_the_server(signed_in: Client, publisher: User) -> None:
    assert b'data-theme="auto"' in signed_in.get("/").content
    assert signed_in.post("/accounts/theme/", {"theme": "dark", "next": "/"}).status_code == 303
    elsewhere = Client()
    elsewhere.force_login(publisher)
    assert b'data-theme="dark"' in elsewhere.get("/").content


def test_the_way_back_never_leaves_the_portal(signed_in: Client) -> None:
    assert signed_in.post("/i18n/setlang/", {"language": "en", "next": "https://evil.example/"}).headers["Location"] == "/"


@pytest.mark.parametrize("page", ["\u2177", "people:index", "dashboard", "x y", "/x\r\nSet-Cookie: a=b", "//", "[", "http://[", "\0"])
@pytest.mark.parametrize("path", ["/i18n/setlang/", "/accounts/theme/"])
def test_the_way_back_is_an_address_and_no_name_of_a_page(signed_in: Client, path: str, page: str) -> None:
    answer = signed_in.post(path, {"next": page})
    assert answer.status_code == 303
    assert answer.headers["Location"] in {"/", iri_to_uri(page)}
    assert "people/" not in answer.headers["Location"]


def test_a_fragment_asked_for_after_the_session_has_ended_brings_the_sign_in_page(client: Client) -> None:
    answer = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/apis/"})
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=%2Fapis%2F"


def test_preferences_are_shown_and_saved(signed_in: Client) -> None:
    assert signed_in.get("/accounts/preferences/").status_code == 200
    assert signed_in.post("/accounts/preferences/", {"language": "xx", "theme": "dark"}).status_code == 422
    saved = signed_in.post("/accounts/preferences/", {"language": "en", "theme": "dark"}, follow=True)
    assert b"Your preferences were saved." in saved.content


def test_a_password_is_changed(signed_in: Client, publisher: User) -> None:
    assert signed_in.get("/accounts/password/").status_code == 200
    fresh = "a different long sentence"
    wrong = signed_in.post("/accounts/password/", {"old_password": "no", "new_password1": fresh, "new_password2": fresh})
    assert wrong.status_code == 422
    done = signed_in.post("/accounts/password/", {"old_password": PASSWORD, "new_password1": fresh, "new_password2": fresh})
    assert done.status_code == 303
    publisher.refresh_from_db()
    assert publisher.password.startswith("argon2")
    assert publisher.check_password(fresh)


def test_the_page_of_a_mistake_of_ours_needs_no_database() -> None:
    page = server_error(RequestFactory().get("/"))  # no test may ask the database without saying so
    assert page.status_code == 500
    assert b"Calls through the gateway are not affected" in page.content
