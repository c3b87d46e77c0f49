"""Back ends as entries: what APIs have from them, and their pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apis import actions as api_actions
from apis.backends import actions
from apis.backends.actions import BackEndSettings
from apis.backends.addresses import BadLine, as_text, lines_of
from apis.backends.models import BackEnd
from apis.models import Api, BasicCredentials, Credentials
from apis.moving import actions as moving
from apis.moving.refusals import SharesBackEnd
from apis.policy import as_xml
from certificates import actions as certificate_actions
from certificates.authorities import actions as authority_actions
from certificates.sealing import Secret
from kit.issuing import issue
from portal.models import Activity, Event
from tests.makers import bundle, lead, make_api, make_authority, make_back_end, make_certificate

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

BASIC: dict[str, Any] = {"credentials": Credentials.BASIC, "username": "shop", "password": Secret(b"open sesame")}
FORM = {
    "title": "Shop",
    "addresses": "https://one.example.com/v2 weight=3\nhttps://two.example.com:8443/v2/ priority=1",
    "credentials": "none",
    "validate_certificate_chain": "on",
    "protocol": "auto",
}


def change(back_end: BackEnd, **chosen: Any) -> BackEnd:
    settings = replace(BackEndSettings.of(back_end), **chosen)
    return actions.change_back_end(back_end, settings, by=None, now=timezone.now())


# --- what an API has from its back end ---------------------------------------------------------------------------------


def test_an_api_is_called_as_its_back_end_says_and_keeps_its_own_address() -> None:
    certificate = make_certificate()
    back_end = make_back_end("shop", "https://one.example.com/v2", "https://two.example.com/v2", certificate=certificate, connect_seconds=9)
    api = lead(make_api(service_url="https://own.example.com"), back_end)
    policy = Api.objects.get(pk=api.pk).policy()
    assert [(one.host, one.port) for one in policy.backend.addresses] == [("one.example.com", 443), ("two.example.com", 443)]
    assert (policy.backend.path, policy.backend.connect_seconds, policy.presents_certificate) == ("/v2", 9, True)
    assert api.own_address == "https://own.example.com"
    assert list(certificate.apis.all()) == [api]


def test_the_document_of_an_api_names_its_back_end_and_not_what_is_presented_there() -> None:
    api = lead(make_api(), make_back_end(certificate=make_certificate()))
    assert '<set-backend-service backend-id="shop" />' in as_xml(api.policy())
    assert "authentication-certificate" not in as_xml(api.policy())


def test_what_changes_at_a_back_end_changes_for_all_its_apis_with_a_line_for_each() -> None:
    back_end = make_back_end()
    apis = [lead(make_api(name), back_end) for name in ("first", "second")]
    certificate = make_certificate()
    change(back_end, certificate=certificate, url="https://other.example.com")
    assert set(certificate.apis.all()) == set(apis)
    assert set(Api.objects.values_list("service_url", flat=True)) == {"https://other.example.com"}
    told = Activity.objects.filter(event=Event.API_SECURED).values_list("subject_name", flat=True)
    assert sorted(told) == ["first", "second"]


def test_an_api_that_leaves_its_back_end_takes_no_credentials_along() -> None:
    for chosen in ({"certificate": make_certificate()}, BASIC):
        api = lead(make_api("one"), make_back_end("shop", validate_certificate_name=False, **chosen))
        api = lead(api, None)
        assert (api.credentials, api.certificate, api.validate_certificate_name) == (Credentials.NONE, None, True)
        assert not BasicCredentials.objects.exists()
        assert api.service_url == "https://orders.example.com"
        api.delete()
        BackEnd.objects.all().delete()


def test_an_api_that_goes_to_another_back_end_has_that_ones_credentials_alone() -> None:
    api = lead(make_api(), make_back_end("first", certificate=make_certificate()))
    api = lead(api, make_back_end("second", **BASIC))
    assert (api.credentials, api.certificate) == (Credentials.BASIC, None)
    assert BasicCredentials.objects.get(api=api).unseal() == Secret(b"open sesame")


def test_a_new_password_reaches_the_apis() -> None:
    back_end = make_back_end(**BASIC)
    api = lead(make_api(), back_end)
    change(back_end, password=Secret(b"another"))
    assert BasicCredentials.objects.get(api=api).unseal() == Secret(b"another")
    line = Activity.objects.filter(event=Event.API_SECURED).latest("id")
    assert "another" not in str(line.changes)


def test_the_security_of_an_api_with_a_back_end_is_changed_at_the_back_end() -> None:
    api = lead(make_api(), make_back_end())
    with pytest.raises(api_actions.BelongsToBackEnd):
        api_actions.secure_api(api, api_actions.ApiSecurity(credentials=Credentials.NONE), by=None, now=timezone.now())


def test_an_api_can_do_without_an_address_of_its_own(signed_in: Client) -> None:
    make_back_end()
    form = {"display_name": "Orders", "path": "orders", "back_end": "shop", "service_url": ""}
    assert signed_in.post("/apis/new/", form).status_code == 303
    api = Api.objects.get(name="orders")
    assert (api.back_end and api.back_end.name, api.own_address, api.service_url) == ("shop", "", "https://shop.example.com")


def test_settings_that_do_not_name_a_back_end_leave_it(signed_in: Client) -> None:
    api = lead(make_api(), make_back_end())
    signed_in.post("/apis/orders/settings/", {"display_name": "More", "path": "orders", "service_url": "https://new.example.com"})
    api.refresh_from_db()
    assert (api.display_name, api.own_address, api.service_url) == ("More", "https://new.example.com", "https://shop.example.com")


# --- what holds certificates and authorities ---------------------------------------------------------------------------


def test_what_a_back_end_holds_is_not_deleted_and_the_page_names_the_back_end(signed_in: Client) -> None:
    authority = make_authority("example", issue("Root", authority=True))
    make_back_end(certificate=make_certificate(), trusted_authority=authority, title="The shop")
    for address in ("/security/client-certificates/orders-client/delete/", "/security/trusted-authorities/example/delete/"):
        answer = signed_in.post(address)
        assert (answer.status_code, "The shop" in answer.content.decode()) == (409, True), address
    with pytest.raises(authority_actions.InUse, match="back ends: shop"):
        authority_actions.delete(authority, by=None, now=timezone.now())


def test_another_version_of_an_authority_reaches_back_ends() -> None:
    authority = make_authority("example", issue("Root", authority=True))
    back_end = make_back_end(trusted_authority=authority)
    newer = issue("Root 2", authority=True)
    authority_actions.replace(authority, bundle(newer), by=None, now=timezone.now())
    back_end.refresh_from_db()
    assert back_end.trusted_ca.strip() == newer.pem.strip()


def test_apis_move_to_another_certificate_with_their_back_end_or_not_at_all() -> None:
    before, after = make_certificate(), make_certificate("other", issue("other"))
    back_end = make_back_end(certificate=before)
    first, second = (lead(make_api(name), back_end) for name in ("first", "second"))
    with pytest.raises(SharesBackEnd):
        moving.propose(after, Api.objects.filter(pk=first.pk), by=None, now=timezone.now())
    move = moving.propose(after, Api.objects.filter(pk__in=[first.pk, second.pk]), by=None, now=timezone.now())
    moving.carry_out(move, by=None, now=timezone.now())
    back_end.refresh_from_db()
    assert back_end.certificate == after
    assert set(after.apis.all()) == {first, second}
    certificate_actions.delete(before, by=None, now=timezone.now())


# --- pools -------------------------------------------------------------------------------------------------------------


def pool(*members: BackEnd) -> BackEnd:
    addresses = tuple({"member": one.name, "url": one.url, "weight": 1, "priority": 0} for one in members)
    settings = BackEndSettings(url=members[0].url, addresses=addresses)
    return actions.create_back_end("pool", settings, by=None, now=timezone.now())


def test_a_pool_follows_its_members() -> None:
    certificate = make_certificate()
    one, two = (make_back_end(name, f"https://{name}.example.com", certificate=certificate) for name in ("one", "two"))
    api = lead(make_api(), pool(one, two))
    assert api.certificate == certificate
    change(one, url="https://moved.example.com")
    api = Api.objects.get(pk=api.pk)
    assert [address.host for address in api.backend().addresses] == ["moved.example.com", "two.example.com"]


def test_members_that_would_be_shown_different_things_make_no_pool() -> None:
    one = make_back_end("one", "https://one.example.com", certificate=make_certificate())
    two = make_back_end("two", "https://two.example.com")
    with pytest.raises(actions.MembersDiffer):
        pool(one, two)
    alike = make_back_end("alike", "https://alike.example.com", certificate=one.certificate)
    pool(one, alike)
    with pytest.raises(actions.MembersDiffer):
        change(alike, certificate=None)


def test_a_pool_is_no_member_of_itself() -> None:
    one = make_back_end("one", "https://one.example.com")
    with pytest.raises(actions.MembersDiffer):
        change(one, addresses=({"member": "one", "url": one.url, "weight": 1, "priority": 0},))


def test_what_is_used_stays() -> None:
    one, two = make_back_end("one", "https://one.example.com"), make_back_end("two", "https://two.example.com")
    lead(make_api(), pool(one, two))
    for back_end in BackEnd.objects.all():
        with pytest.raises(actions.InUse):
            actions.delete_back_end(back_end, by=None, now=timezone.now())


# --- addresses as they are written -------------------------------------------------------------------------------------


def test_addresses_are_written_one_a_line() -> None:
    text = "https://one.example.com\nhttps://two.example.com weight=3 priority=1"
    lines = [{"url": line.url, "weight": line.weight, "priority": line.priority} for line in lines_of(f"\n {text}\n\n")]
    assert as_text(lines) == text


@pytest.mark.parametrize("line", ["https://a.example weight=0", "https://a.example weight=1 weight=2", "a.example heavy", "a weight="])
def test_a_line_that_is_no_address_is_named(line: str) -> None:
    with pytest.raises(BadLine, match=line.replace(".", r"\.")):
        lines_of(f"https://fine.example\n{line}")


# --- the pages ---------------------------------------------------------------------------------------------------------


def test_a_back_end_is_added_shown_changed_and_deleted(signed_in: Client) -> None:
    assert signed_in.post("/back-ends/new/", FORM).status_code == 303
    back_end = BackEnd.objects.get(name="shop")
    assert back_end.addresses == [
        {"url": "https://one.example.com/v2", "weight": 3, "priority": 0},
        {"url": "https://two.example.com:8443/v2", "weight": 1, "priority": 1},
    ]
    assert not back_end.by_url
    page = signed_in.get("/back-ends/shop/").content.decode()
    assert "https://two.example.com:8443/v2" in page
    changed = FORM | {"title": "Shop 2", "health_path": "/health", "eject_after": "5", "most_calls": "10"}
    assert signed_in.post("/back-ends/shop/edit/", changed).status_code == 303
    back_end.refresh_from_db()
    assert (back_end.title, back_end.health_path, back_end.eject_after, back_end.most_calls) == ("Shop 2", "/health", 5, 10)
    assert signed_in.post("/back-ends/shop/delete/").status_code == 303
    assert not BackEnd.objects.exists()


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("addresses", "ftp://one.example.com", "by no other scheme"),
        ("addresses", "https://one.example.com\nhttp://two.example.com", "may differ in host and port only"),
        ("addresses", "https://one.example.com/a\nhttps://two.example.com/b", "may differ in host and port only"),
        ("addresses", "https://one.example.com\nhttps://one.example.com/", "stands here twice"),
        ("addresses", "https://one.example.com weight=x", "is not an address"),
        ("addresses", "https://169.254.169.254", "169.254.169.254"),
        ("health_path", "health", "begins with a slash"),
        ("health_path", "/a\x7f", "begins with a slash"),
        ("eject_after", "0", "1"),
        ("credentials", "client-certificate", "Choose a client certificate"),
        ("credentials", "basic", "Enter the password"),
    ],
)
def test_what_cannot_be_is_said_at_the_field_and_nothing_is_stored(signed_in: Client, field: str, typed: str, words: str) -> None:
    answer = signed_in.post("/back-ends/new/", FORM | {field: typed})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not BackEnd.objects.exists()


def test_a_certificate_over_http_is_refused(signed_in: Client) -> None:
    make_certificate()
    sent = FORM | {"addresses": "http://one.example.com", "credentials": "client-certificate", "certificate": "orders-client"}
    assert "only be presented over https" in signed_in.post("/back-ends/new/", sent).content.decode()


def test_the_page_of_one_that_is_used_says_by_what(signed_in: Client) -> None:
    lead(make_api(), make_back_end())
    answer = signed_in.post("/back-ends/shop/delete/")
    assert (answer.status_code, "Orders" in answer.content.decode()) == (409, True)


def test_two_editors_at_once_are_told(signed_in: Client) -> None:
    back_end = make_back_end()
    change(back_end, title="Meanwhile")
    answer = signed_in.post("/back-ends/shop/edit/", FORM | {"revision": "1"})
    assert answer.status_code == 409
    assert BackEnd.objects.get().title == "Meanwhile"


def test_a_password_is_kept_unless_another_is_typed_and_never_shown(signed_in: Client) -> None:
    back_end = make_back_end(**BASIC)
    sent = FORM | {"addresses": "https://shop.example.com", "credentials": "basic", "username": "shop", "password": ""}
    assert signed_in.post("/back-ends/shop/edit/", sent).status_code == 303
    assert BackEnd.objects.get(pk=back_end.pk).password.unseal() == Secret(b"open sesame")
    assert "open sesame" not in signed_in.get("/back-ends/shop/edit/").content.decode()


def test_the_list_takes_as_many_queries_for_fifty_as_for_one(signed_in: Client, django_assert_num_queries: Any) -> None:
    certificate = make_certificate()
    make_back_end("first", certificate=certificate)
    with CaptureQueriesContext(connection) as one:
        signed_in.get("/back-ends/")
    for number in range(49):
        make_back_end(f"b-{number}", certificate=certificate)
    with django_assert_num_queries(len(one)):
        signed_in.get("/back-ends/")


def test_a_user_name_in_an_address_leads_to_what_the_form_has(signed_in: Client) -> None:
    text = signed_in.post("/back-ends/new/", FORM | {"addresses": "https://me:secret@one.example.com/"}).content.decode()
    assert "enter them under Security, as HTTP basic" in text
    assert "<legend>Security</legend>" in text
    assert "Security tab" not in text
