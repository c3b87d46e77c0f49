"""What was changed is put back by the form and the action that change it, as a new change; undone while nothing is newer."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.actions import facts
from apis.definitions.opening import open_definition
from apis.exchange.actions import import_operations
from apis.exchange.planning import operations_of
from apis.models import Api, BasicCredentials, Credentials, SubscriptionState
from apis.named_values import actions as named_values
from apis.policies.actions import put_api_document, put_operation_document
from apis.policy.model import Protocol
from apis.policy.proofs import AuthenticationSharedSecret, SecretPlace
from certificates import actions as certificate_actions
from certificates.authorities import actions as authorities
from certificates.authorities.models import Authority, AuthorityVersion
from certificates.models import ClientCertificate
from certificates.sealing import Secret
from portal.activity import record
from portal.activity.verification import verify
from portal.models import Activity, Event
from tests.makers import (
    bundle,
    issue,
    lead,
    lines,
    make_api,
    make_authority,
    make_back_end,
    make_certificate,
    make_named_value,
    make_subscription,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()
SETTINGS = actions.ApiSettings(display_name="Orders", service_url="https://orders.example.com", path="orders")
NOTHING = actions.ApiSecurity(credentials=Credentials.NONE)


def newest(event: Event | None = None) -> Activity:
    found = Activity.objects.filter(event=event) if event else Activity.objects.exclude(kind="sign-in")
    return found.order_by("-id")[0]


def settings(api: Api, **values: Any) -> Activity:
    actions.change_api(api, replace(SETTINGS, **values), by=None, now=NOW)
    return newest()


def secured(api: Api, **values: Any) -> Activity:
    actions.secure_api(api, replace(NOTHING, **values), by=None, now=NOW)
    return newest()


def put_back(client: Client, line: Activity, values: str = "before") -> Any:
    return client.post(f"/activity/{line.id}/restore/", {"values": values})


def undone(client: Client, line: Activity) -> Any:
    return client.post(f"/activity/{line.id}/undo/")


def refusal(answer: Any) -> str:
    assert answer.status_code == 409
    return html.unescape(answer.content.decode())


def offered(client: Client, page: str) -> str | None:
    """Return the address of the button that the message on a page undoes with."""
    found = re.search(r'action="(/activity/[0-9]+/undo/)"', client.get(page).content.decode())
    return found[1] if found else None


def test_a_line_shows_what_was_before_after_and_is_now(signed_in: Client) -> None:
    line = settings(make_api(), service_url="https://new.example.com")
    settings(Api.objects.get(), service_url="https://newest.example.com")
    page = signed_in.get(f"/activity/{line.id}/").content.decode()
    shown = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r'<td data-label="[^"]+">(.+?)</td>', page)]
    assert shown == ["https://orders.example.com", "https://new.example.com", "https://newest.example.com"]
    assert "Web service URL" in page


def test_what_a_line_changed_goes_back_and_what_others_changed_stays(signed_in: Client, publisher: User) -> None:
    api = make_api()
    line = settings(api, service_url="https://new.example.com", path="shop")
    settings(Api.objects.get(), service_url="https://newest.example.com", path="shop", description="kept")
    assert put_back(signed_in, line).headers["Location"] == "/apis/orders/settings/"
    api = Api.objects.get()
    assert (api.service_url, api.path, api.description) == ("https://orders.example.com", "orders", "kept")
    assert newest().actor_id == publisher.pk
    assert newest().changes["path"] == ["shop", "orders"]
    put_back(signed_in, line, "after")
    assert Api.objects.get().path == "shop"


def test_an_api_goes_back_to_what_it_was_made_with(signed_in: Client) -> None:
    api = make_api(everything=False)
    made = newest(Event.API_CREATED)
    settings(api, display_name="Other", subscription_required=False)
    put_back(signed_in, made, "after")
    assert (Api.objects.get().display_name, Api.objects.get().subscription_required) == ("Orders", True)
    assert "Delete it" in refusal(put_back(signed_in, made))


def test_a_security_choice_goes_back_with_all_that_belongs_to_it(signed_in: Client) -> None:
    api, one, other = make_api(), make_certificate("one"), make_certificate("other", issue("another"))
    secured(api, credentials=Credentials.CLIENT_CERTIFICATE, certificate=one)
    line = secured(api, credentials=Credentials.CLIENT_CERTIFICATE, certificate=other)
    secured(api)
    put_back(signed_in, line)
    api = Api.objects.select_related("certificate").get()
    assert api.certificate is not None
    assert (api.credentials, api.certificate.name) == (Credentials.CLIENT_CERTIFICATE, "one")


def test_a_certificate_that_is_gone_is_not_put_back_and_the_sentence_says_so(signed_in: Client) -> None:
    api, certificate = make_api(), make_certificate("gone-tomorrow")
    secured(api, credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    line = secured(api)
    certificate_actions.delete(certificate, by=None, now=NOW)
    assert "There is no client certificate of this name." in refusal(put_back(signed_in, line))
    assert Api.objects.get().credentials == Credentials.NONE


def test_a_password_of_then_is_not_kept_and_the_one_of_now_not_sent_with_another_name(signed_in: Client) -> None:
    api = make_api()
    secured(api, credentials=Credentials.BASIC, username="ada", password=Secret(b"first-secret"))
    away = secured(api)
    assert "The password of then is not kept" in refusal(put_back(signed_in, away))
    secured(api, credentials=Credentials.BASIC, username="ada", password=Secret(b"second-secret"))
    renamed = secured(api, credentials=Credentials.BASIC, username="grace")
    assert put_back(signed_in, renamed).status_code == 303
    assert BasicCredentials.objects.get().username == "ada"
    rest = secured(api, credentials=Credentials.BASIC, username="hedy", password=Secret(b"third-secret"))
    assert "The password of then is not kept" in refusal(put_back(signed_in, rest))
    page = signed_in.get(f"/activity/{rest.id}/").content.decode()
    assert "secrets are not kept" in page
    assert "secret" not in page.replace("secrets are not kept", "")


@pytest.mark.parametrize(
    ("change", "event"),
    [
        (
            lambda api: actions.change_calls(
                api, actions.ApiCalls(idle_seconds=9, retry_calls=False, log_calls=True, trace_percent=5), by=None, now=NOW
            ),
            "calls",
        ),
        (
            lambda api: actions.change_callers(api, actions.ApiCallers(hosts=("a.example", "b.example")), by=None, now=NOW),
            "callers",
        ),
        (lambda api: actions.secure_api(api, replace(NOTHING, validate_certificate_chain=False), by=None, now=NOW), "security"),
        (lambda api: actions.change_api(api, replace(SETTINGS, key_header="X-Key", key_query="k"), by=None, now=NOW), "settings"),
    ],
)
def test_every_tab_goes_back_and_forth(signed_in: Client, change: Any, event: str) -> None:
    api = make_api()
    old = facts.of_api(api)
    change(api)
    line, new = newest(), facts.of_api(Api.objects.get())
    assert put_back(signed_in, line).headers["Location"] == f"/apis/orders/{event}/"
    assert facts.of_api(Api.objects.get()) == old
    put_back(signed_in, line, "after")
    assert facts.of_api(Api.objects.get()) == new
    assert "nothing was changed" in refusal(put_back(signed_in, line, "after"))


def test_the_checks_of_the_form_hold(signed_in: Client) -> None:
    line = settings(make_api(), path="shop")
    make_api("rival", path="orders")
    assert "Another API already has this URL suffix." in refusal(put_back(signed_in, line))
    assert Api.objects.get(name="orders").path == "shop"


def test_operations_come_back_and_go_again(signed_in: Client) -> None:
    api = make_api()
    row = api.operations.get()
    actions.change_operation(row, display_name="Items", method="GET", url_template="/items/{id}", by=None, now=NOW)
    changed = newest()
    actions.delete_operation(row, by=None, now=NOW)
    deleted = newest()
    assert put_back(signed_in, deleted).headers["Location"] == "/apis/orders/operations/"
    assert (api.operations.get().name, str(api.operations.get())) == ("everything", "GET /items/{id}")
    added = newest()
    assert put_back(signed_in, changed).status_code == 303
    assert str(api.operations.get()) == "* /*"
    assert "Not undone" in refusal(undone(signed_in, added))
    undone(signed_in, newest())
    assert str(api.operations.get()) == "GET /items/{id}"


def test_an_operation_that_was_added_by_mistake_is_undone(signed_in: Client) -> None:
    make_api(everything=False)
    signed_in.post("/apis/orders/operations/new/", {"display_name": "Wrong", "method": "GET", "url_template": "/wrong"})
    address = offered(signed_in, "/apis/orders/operations/")
    assert address
    signed_in.post(address)
    assert not Api.objects.get().operations.exists()


def test_a_subscriptions_name_scope_and_state_go_back_and_its_keys_stay(signed_in: Client) -> None:
    row = make_subscription(api=make_api())
    keys = sorted(row.keys.values_list("digest", flat=True))
    signed_in.post("/subscriptions/all/suspend/")
    address = offered(signed_in, "/subscriptions/all/")
    assert address
    signed_in.post(address)
    row.refresh_from_db()
    assert row.state == SubscriptionState.ACTIVE
    actions.change_subscription(row, display_name="Other", api=None, by=None, now=NOW)
    assert put_back(signed_in, newest()).headers["Location"] == "/subscriptions/all/"
    row.refresh_from_db()
    assert (row.display_name, row.api) == ("All", Api.objects.get())
    assert sorted(row.keys.values_list("digest", flat=True)) == keys


def test_a_certificates_switch_is_put_back_as_a_roll_back(signed_in: Client) -> None:
    entry = make_certificate()
    certificate_actions.replace(entry, issue("next").as_pfx(), by=None, now=NOW)
    put_back(signed_in, newest(Event.CERTIFICATE_REPLACED))
    entry.refresh_from_db()
    assert entry.current is not None
    assert entry.current.number == 1
    assert newest().event == Event.CERTIFICATE_ROLLED_BACK


def test_saved_offers_to_undo_it_and_undone_to_redo_it(signed_in: Client) -> None:
    make_api()
    form = {"display_name": "Orders", "service_url": "https://new.example.com", "path": "orders", "subscription_required": "on"}
    signed_in.post("/apis/orders/settings/", form)
    for expected in ("https://orders.example.com", "https://new.example.com"):
        address = offered(signed_in, "/apis/orders/settings/")
        assert address
        assert signed_in.post(address).status_code == 303
        assert Api.objects.get().service_url == expected
    signed_in.get("/apis/orders/settings/")
    signed_in.post("/apis/orders/settings/", form)
    assert offered(signed_in, "/apis/orders/settings/") is None  # nothing was changed, so nothing is to be undone


def test_what_something_newer_has_changed_is_not_undone(signed_in: Client) -> None:
    api = make_api()
    line = settings(api, description="one")
    settings(api, description="two")
    assert "Not undone: something newer has changed it" in refusal(undone(signed_in, line))
    assert Api.objects.get().description == "two"


def test_who_may_only_look_puts_nothing_back(client: Client, viewer: User) -> None:
    line = settings(make_api(), description="new")
    client.force_login(viewer)
    assert put_back(client, line).status_code == undone(client, line).status_code == 403
    assert "/restore/" not in client.get(f"/activity/{line.id}/").content.decode()
    assert Api.objects.get().description == "new"


def test_what_is_gone_and_what_cannot_be_put_back_are_told_apart(signed_in: Client) -> None:
    api = make_api()
    line = settings(api, description="new")
    actions.delete_api(api, by=None, now=NOW)
    assert "The API was deleted" in refusal(put_back(signed_in, line))
    assert "cannot be put back" in refusal(put_back(signed_in, newest()))
    assert signed_in.get("/activity/999999999999999999/").status_code == 404


def test_a_change_that_the_log_does_not_know_is_not_guessed_at(signed_in: Client) -> None:
    line = settings(make_api(), description="told")
    Api.objects.update(description="not told")
    assert "does not tell what it was then" in refusal(put_back(signed_in, line))


def test_lines_about_people_are_for_those_who_may_see_people(signed_in: Client, administrator: User) -> None:
    line = Activity.objects.filter(kind="sign-in").order_by("-id")[0]
    assert signed_in.get(f"/activity/{line.id}/").status_code == 404
    signed_in.force_login(administrator)
    assert signed_in.get(f"/activity/{line.id}/").status_code == 200


def test_what_was_restored_is_verified_with_the_rest(signed_in: Client) -> None:

    line = settings(make_api(), description="new")
    put_back(signed_in, line)
    assert lines()[-1].changes == {"description": ["new", ""]}
    assert verify().findings == []


def test_a_trusted_authority_goes_back_as_the_entry_that_it_is_with_what_it_holds_now(signed_in: Client) -> None:
    api, authority = make_api(), make_authority("corporate")
    line = secured(api, trusted_authority=authority)
    secured(api)
    authorities.replace(authority, bundle(issue("next", authority=True)), by=None, now=NOW)
    assert signed_in.get("/apis/orders/policy/history/", {"newer": line.id}).status_code == 200
    assert put_back(signed_in, line, "after").status_code == 303
    api = Api.objects.get()
    assert api.trusted_authority == authority
    assert api.trusted_ca == AuthorityVersion.objects.get(number=2).pem
    assert "nothing was changed" in refusal(put_back(signed_in, line, "after"))


def test_what_an_entry_has_brought_to_an_api_meanwhile_is_in_nobodys_way(signed_in: Client) -> None:
    api, authority = make_api(), make_authority("corporate")
    secured(api, trusted_authority=authority)
    authorities.replace(authority, bundle(issue("next", authority=True)), by=None, now=NOW)
    line = secured(Api.objects.get(), trusted_authority=authority, validate_certificate_name=False)
    put_back(signed_in, line)
    api = Api.objects.get()
    assert (api.validate_certificate_name, api.trusted_authority) == (True, authority)


def test_a_pasted_authority_goes_back_as_text_if_its_entry_is_gone(signed_in: Client) -> None:
    api, pem = make_api(), issue("pasted", authority=True).pem
    line = secured(api, trusted_ca=pem)
    secured(api)
    authorities.delete(Authority.objects.get(), by=None, now=NOW)
    put_back(signed_in, line, "after")
    assert Api.objects.get().trusted_ca.split() == pem.split()


@pytest.mark.parametrize(
    "credentials",
    [
        {"credentials": Credentials.BASIC, "username": "shop", "password": Secret(b"open sesame")},
        {
            "credentials": Credentials.SHARED_SECRET,
            "proof": AuthenticationSharedSecret(place=SecretPlace.HEADER, name="X-Key", secret=Secret(b"s")),
        },
    ],
)
def test_an_api_goes_back_to_the_back_end_that_it_has_left_whose_secrets_are_there(signed_in: Client, credentials: dict[str, Any]) -> None:
    api = lead(make_api(), make_back_end(**credentials))
    lead(api, None)
    assert undone(signed_in, newest()).status_code == 303
    api.refresh_from_db()
    assert (api.back_end and api.back_end.name, api.credentials) == ("shop", credentials["credentials"])


def test_an_api_that_goes_back_from_a_back_end_has_what_was_its_own(signed_in: Client) -> None:
    api, certificate = make_api(), make_certificate()
    own = {"credentials": Credentials.CLIENT_CERTIFICATE, "certificate": certificate, "protocol": Protocol.HTTP1}
    secured(api, validate_certificate_chain=False, trusted_authority=make_authority("root"), **own)
    lead(api, make_back_end(validate_certificate_chain=False))
    assert undone(signed_in, newest()).status_code == 303
    api.refresh_from_db()
    assert (api.back_end, api.own_url, api.certificate, api.protocol) == (None, None, certificate, Protocol.HTTP1)
    assert (api.validate_certificate_chain, api.trusted_authority and api.trusted_authority.name) == (False, "root")


def test_an_api_does_not_go_back_from_a_back_end_to_a_secret_of_its_own_that_is_gone(signed_in: Client) -> None:
    api = make_api()
    secured(api, credentials=Credentials.BASIC, username="orders", password=Secret(b"open sesame"))
    lead(api, make_back_end())
    assert "The password of then is not kept." in refusal(undone(signed_in, newest()))
    assert Api.objects.get().back_end is not None


def test_a_document_that_changed_credentials_is_undone_although_that_is_several_changes(signed_in: Client) -> None:
    api = make_api()
    named = f'<authentication-certificate certificate-id="{make_certificate().name}" />'
    for inbound in (named, ""):
        put_api_document(api, f"<policies><inbound><base />{inbound}</inbound></policies>", by=None, now=timezone.now())
    assert undone(signed_in, newest()).status_code == 303
    assert Api.objects.get().credentials == Credentials.CLIENT_CERTIFICATE


STATEMENT = {"section_of": "inbound", "name": "X-A", "exists_action": "override", "values": "1"}
HEADER = '<set-header name="X-A" exists-action="override"><value>1</value></set-header>'


def inbound(*elements: str) -> str:
    return f"<policies><inbound><base />{''.join(elements)}</inbound></policies>"


def put(text: str) -> Activity:
    put_api_document(Api.objects.get(), text, by=None, now=timezone.now())
    return newest()


def test_a_statement_that_is_undone_leaves_what_was_set_on_tabs(signed_in: Client) -> None:
    secured(make_api(), credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate())
    signed_in.post("/apis/orders/callers/", {"hosts": "", "caller_certificate": "required", "caller_identities": "ab" * 20})
    assert signed_in.post("/apis/orders/policy/add/set-header/", STATEMENT).status_code == 303
    assert undone(signed_in, newest()).status_code == 303
    api = Api.objects.get()
    assert (api.credentials, api.caller_certificate) == ("client-certificate", "required")
    assert "X-A" not in api.document


def test_a_statement_that_is_undone_leaves_the_back_end(signed_in: Client) -> None:
    lead(make_api(), make_back_end())
    signed_in.post("/apis/orders/policy/add/set-header/", STATEMENT)
    assert undone(signed_in, newest()).status_code == 303
    assert Api.objects.get().back_end is not None


def test_an_empty_document_that_the_log_holds_takes_no_settings_away(signed_in: Client) -> None:
    secured(make_api(), credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate())
    Api.objects.update(document=inbound(HEADER))
    record(Event.API_POLICY_CHANGED, Api.objects.get(), by=None, at=timezone.now(), changes={"document": ["", inbound(HEADER)]})
    line = newest()
    secured(Api.objects.get(), credentials=Credentials.CLIENT_CERTIFICATE, certificate=ClientCertificate.objects.get())
    assert "an empty document would take them all away" in refusal(put_back(signed_in, line))
    secured(Api.objects.get())
    assert put_back(signed_in, line).status_code == 303
    assert Api.objects.get().document == ""


def test_a_document_brings_the_password_of_now_under_no_user_name_of_then(signed_in: Client) -> None:
    make_api()
    first = put(inbound('<authentication-basic username="a" password="one" />'))
    secured(Api.objects.get(), credentials=Credentials.BASIC, username="b", password=Secret(b"two"))
    other = put(inbound(HEADER, '<authentication-basic username="b" password="***" /><!-- as on the tab -->'))
    assert "The password of then is not kept" in refusal(put_back(signed_in, first, "after"))
    assert put_back(signed_in, other).status_code == 303
    renamed = put(inbound('<authentication-basic username="c" password="three" />'))
    assert "The password of then is not kept" in refusal(undone(signed_in, renamed))
    stored = BasicCredentials.objects.get()
    assert (stored.username, stored.unseal().value) == ("c", b"three")


def test_an_api_whose_own_certificate_is_gone_stays_with_its_back_end(signed_in: Client) -> None:
    api, certificate = make_api(), make_certificate()
    secured(api, credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    lead(api, make_back_end())
    line = newest()
    certificate_actions.delete(certificate, by=None, now=NOW)
    told = Activity.objects.count()
    assert "There is no client certificate of this name." in refusal(put_back(signed_in, line))
    assert Api.objects.get().back_end is not None
    assert Activity.objects.count() == told


def test_an_operation_does_not_come_back_without_its_policy(signed_in: Client) -> None:
    value = make_named_value("word", "one")
    row = make_api().operations.get()
    put_operation_document(row, inbound('<set-header name="X-A"><value>{{word}}</value></set-header>'), by=None, now=NOW)
    actions.delete_operation(row, by=None, now=NOW)
    line = newest()
    named_values.delete(value, by=None, now=NOW)
    assert "word" in refusal(put_back(signed_in, line))
    assert not Api.objects.get().operations.exists()


def test_an_import_is_in_the_way_of_operations_alone(signed_in: Client) -> None:
    api = make_api()
    line = settings(api, path="shop")
    row = api.operations.get()
    actions.change_operation(row, display_name="Items", method="GET", url_template="/items", by=None, now=NOW)
    operation = newest()
    opened = open_definition(b'{"openapi":"3.0.3","info":{"title":"x","version":"1"},"paths":{"/a":{"get":{"responses":{}}}}}')
    import_operations(Api.objects.get(), operations_of(opened, query_in_template=True), kind=opened.kind, by=None, now=NOW)
    assert signed_in.get("/apis/orders/policy/history/", {"older": line.id}).status_code == 200
    assert "An import has changed the operations since" in refusal(put_back(signed_in, operation))
    assert put_back(signed_in, line).status_code == 303
    assert Api.objects.get().path == "orders"
