"""OAuth 2.0 client credentials: chosen on the Security tab, sealed, in documents, and what gateways tell of their tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.backends.actions import delete_back_end
from apis.credentials.models import OAuthClient, SharedSecret
from apis.history.restoring import TABS
from apis.models import Api, Credentials
from apis.policies.actions import put_api_document
from apis.policies.own import own_document
from apis.policies.proving import Unsuitable
from apis.policy import UnreadablePolicy
from apis.policy.oauth import AuthenticationOAuth2, ClientAuthentication
from certificates.authorities import actions as authority_actions
from certificates.sealing import Secret
from gateway.streams.token_states import TokenState, decoded, encoded
from gateway.tokens import TokenStanding, write
from gateway.tokens_failing import troubles
from portal.models import Activity, Event
from tests.makers import lead, make_api, make_authority, make_back_end, make_certificate, make_gateway

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
URL = "/apis/orders/security/"
ENDPOINT = "https://192.0.2.7/oauth2/token?tenant=1"
CHECKED = {"validate_certificate_chain": "on", "validate_certificate_name": "on"}
OAUTH = CHECKED | {
    "credentials": "oauth2",
    "token_endpoint": ENDPOINT,
    "client_id": "orders",
    "client_authentication": "basic",
    "client_secret": "open sesame",
    "scope": "orders.read orders.write",
}


def _proof(**changes: Any) -> AuthenticationOAuth2:
    values: dict[str, Any] = {"token_endpoint": ENDPOINT, "client_id": "orders", "secret": Secret(b"open sesame")}
    return AuthenticationOAuth2(**values | changes)


def _secured(api: Api, **chosen: Any) -> Api:
    values: dict[str, Any] = {"credentials": Credentials.OAUTH2, "proof": _proof()}
    security = actions.ApiSecurity(**values | chosen)
    return actions.secure_api(api, security, by=None, now=timezone.now())


def _document(inbound: str) -> str:
    return f"<policies><inbound><base />{inbound}</inbound></policies>"


def _element(**attributes: str) -> str:
    said = {"token-endpoint": ENDPOINT, "client-id": "orders", "client-secret": "open sesame"} | attributes
    return "<authentication-oauth2 {} />".format(" ".join(f'{name}="{value}"' for name, value in said.items() if value))


def test_a_client_secret_is_sealed_and_never_shown(signed_in: Client) -> None:
    make_api()
    answer = signed_in.post(URL, OAUTH | {"token_authority": make_authority("login").name}, follow=True)
    assert answer.redirect_chain == [(URL, 303)]
    row = OAuthClient.objects.get()
    assert (row.client_id, row.scope, row.unseal()) == ("orders", "orders.read orders.write", Secret(b"open sesame"))
    assert row.token_authority is not None
    for address in (URL, "/apis/orders/policy/", "/apis/orders/", "/activity/", f"/admin/apis/oauthclient/{row.pk}/change/"):
        assert "open sesame" not in signed_in.get(address, follow=True).content.decode()
    assert signed_in.post(URL, OAUTH | {"client_secret": "", "scope": "", "token_authority": "login"}).status_code == 303
    row.refresh_from_db()
    assert (row.scope, row.unseal()) == ("", Secret(b"open sesame"))


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"token_endpoint": ""}, "token_endpoint", "Enter the URL of the token endpoint."),
        ({"token_endpoint": "http://192.0.2.7/token"}, "token_endpoint", "begins with https://"),
        ({"token_endpoint": "https://192.0.2.7/token#a"}, "token_endpoint", "begins with https://"),
        ({"token_endpoint": "https://169.254.169.254/token"}, "token_endpoint", "metadata service"),
        ({"token_endpoint": "https://[::1"}, "token_endpoint", "not a URL"),
        ({"token_endpoint": "https://192.0.2.7/?a b"}, "token_endpoint", "holds what no URL does"),
        ({"token_endpoint": "https://login.exämple.com/"}, "token_endpoint", "the host in ASCII"),
        ({"client_secret": "{{word}}"}, "client_secret", "Named values are not put in here"),
        ({"audience": "{{audience}}"}, "audience", "Named values are not put in here"),
        ({"audience": "a\u202eb"}, "audience", "turns the text around"),
        ({"token_endpoint": "https://user:word@192.0.2.7/"}, "token_endpoint", "no user name or password"),
        ({"client_id": ""}, "client_id", "Enter the client ID."),
        ({"client_id": "é"}, "client_id", "printable characters"),
        ({"client_secret": ""}, "client_secret", "Enter the secret."),
        ({"client_secret": "two\nlines"}, "client_secret", "printable characters"),
        ({"scope": 'a "b"'}, "scope", "one blank between"),
        ({"client_authentication": "magic"}, "client_authentication", "Select a valid choice"),
        ({"client_authentication": "certificate"}, "certificate", "Choose the client certificate"),
        ({"token_authority": "nobody"}, "token_authority", "There is no trusted authority"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_stored(signed_in: Client, changes: dict[str, str], field: str, words: str) -> None:
    make_api()
    answer = signed_in.post(URL, OAUTH | changes)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in page
    assert words in page
    assert "open sesame" not in page
    assert not OAuthClient.objects.exists()


def test_by_certificate_there_is_no_secret_and_back_by_secret_one_is_needed(signed_in: Client) -> None:
    make_api()
    by_certificate = OAUTH | {"client_authentication": "certificate", "certificate": make_certificate().name}
    assert signed_in.post(URL, OAUTH).status_code == 303
    assert signed_in.post(URL, by_certificate).status_code == 303
    assert OAuthClient.objects.get().unseal() == Secret(b"")
    assert signed_in.post(URL, by_certificate | {"scope": "more"}).status_code == 303
    assert "Enter the secret." in signed_in.post(URL, OAUTH | {"client_secret": ""}).content.decode()


def test_another_kind_of_secret_takes_its_place(signed_in: Client) -> None:
    make_api()
    signed_in.post(URL, OAUTH)
    shared = CHECKED | {"credentials": "shared-secret", "secret_name": "X-API-Key", "shared_secret": "s"}
    assert "Enter the secret." in signed_in.post(URL, shared | {"shared_secret": ""}).content.decode()
    assert signed_in.post(URL, shared).status_code == 303
    assert (OAuthClient.objects.count(), SharedSecret.objects.count()) == (0, 1)


@pytest.mark.parametrize("way", ClientAuthentication)
def test_the_policy_says_it_masked_and_is_taken_back(way: ClientAuthentication) -> None:
    api = make_api()
    secret = None if way is ClientAuthentication.CERTIFICATE else Secret(b"open sesame")
    _secured(api, certificate=make_certificate(), proof=_proof(authenticates_by=way, secret=secret, authority=make_authority("login").name))
    before = OAuthClient.objects.get()
    document = own_document(Api.objects.get())
    assert ('client-secret="***"' in document) is (secret is not None)
    assert f'client-authentication="{way}"' in document
    put_api_document(Api.objects.get(), document, by=None, now=timezone.now())
    after = OAuthClient.objects.get()
    assert (after.unseal(), after.token_authority) == (before.unseal(), before.token_authority)
    assert after.token_authority is not None


def test_a_document_brings_a_secret_which_is_not_kept_in_it() -> None:
    api = make_api()
    put_api_document(api, _document(_element(scope="a b", audience="orders")), by=None, now=timezone.now())
    api = Api.objects.get()
    assert OAuthClient.objects.get().unseal() == Secret(b"open sesame")
    assert "sesame" not in api.document + own_document(api)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"token-endpoint": ""}, "The attribute token-endpoint is missing."),
        ({"client-id": ""}, "The attribute client-id is missing."),
        ({"client-secret": ""}, "The attribute client-secret is missing."),
        ({"token-endpoint": "http://192.0.2.7/"}, "begins with https://"),
        ({"client-authentication": "magic"}, "client-authentication is basic, body, certificate."),
        ({"client-authentication": "certificate"}, "there is no client-secret"),
        ({"scope": "a  b"}, "one blank between"),
        ({"scope": "a" * 1001}, "at most 1000 characters"),
        ({"audience": "a" * 1001}, "at most 1000 characters"),
        ({"token-endpoint": f"https://192.0.2.7/{'a' * 2000}"}, "at most 2000 characters"),
        ({"realm": "x"}, "The attribute realm is not allowed here."),
    ],
)
def test_what_no_token_can_be_asked_for_with_is_refused_by_element(attributes: dict[str, str], words: str) -> None:
    api, text = make_api(), _document(_element(**attributes))
    with pytest.raises(UnreadablePolicy, match=words) as refused:
        put_api_document(api, text, by=None, now=timezone.now())
    assert refused.value.element == "authentication-oauth2"


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"token-endpoint": "https://169.254.169.254/"}, "metadata"),
        ({"client-secret": "***"}, "none is stored"),
        ({"client-secret": "", "client-authentication": "certificate"}, "name it by authentication-certificate"),
    ],
)
def test_what_this_api_cannot_have_is_refused_by_element(attributes: dict[str, str], words: str) -> None:
    api, text = make_api(), _document(_element(**attributes))
    with pytest.raises(Unsuitable, match=words):
        put_api_document(api, text, by=None, now=timezone.now())


def test_apis_have_it_from_their_back_end_with_its_authority() -> None:
    back_end = make_back_end(credentials=Credentials.OAUTH2, proof=_proof(authority=make_authority("login").name))
    api = lead(make_api(), back_end)
    row = OAuthClient.objects.get(api=api)
    assert (row.unseal(), row.token_authority and row.token_authority.name) == (Secret(b"open sesame"), "login")
    lead(api, None)
    assert not OAuthClient.objects.filter(api=api).exists()


def test_an_authority_that_a_token_endpoint_needs_is_not_deleted() -> None:
    authority = make_authority("login")
    _secured(make_api(), proof=_proof(authority="login"))
    with pytest.raises(authority_actions.InUse):
        authority_actions.delete(authority, by=None, now=timezone.now())


def test_the_log_tells_what_changed_and_no_secret() -> None:
    api = _secured(make_api())
    _secured(api, proof=_proof(secret=Secret(b"another"), scope="more"))
    line = Activity.objects.filter(event=Event.API_SECURED).order_by("-id")[0]
    assert set(line.changes) == {"scope", "secret"}
    assert "another" not in str(line.changes)
    assert Event.API_SECURED in TABS


def test_what_a_gateway_tells_of_its_tokens_is_shown_and_troubles_somebody(signed_in: Client) -> None:
    api, gateway = _secured(make_api()), make_gateway("east")
    now = timezone.now()
    write(gateway.pk, [TokenState(api_id=api.pk, ends_in=700, fetched=1)], at=now)
    assert "a token that ends in 12 min" in signed_in.get(URL).content.decode()
    write(gateway.pk, [TokenState(api_id=api.pk, ends_in=60, error="invalid_client", failed=2)], at=now)
    assert not list(troubles())
    write(gateway.pk, [TokenState(api_id=api.pk, error="invalid_client", failed=3)], at=now + timedelta(minutes=1))
    page = signed_in.get("/apis/orders/").content.decode()
    assert "east cannot get a token: invalid_client" in page
    assert "no token, so that calls are refused" in page
    (trouble,) = troubles()
    assert (trouble.name, str(trouble.reason)) == (api.display_name, "east cannot get a token: invalid_client.")
    assert trouble.episode == now.isoformat()
    write(gateway.pk, [TokenState(api_id=api.pk, ends_in=60)], at=now)
    assert not list(troubles())
    write(gateway.pk, [], at=now)
    assert not TokenStanding.objects.exists()


def test_states_of_apis_that_are_gone_are_left_out() -> None:
    gateway = make_gateway()
    write(gateway.pk, [TokenState(api_id=4711, ends_in=5)], at=timezone.now())
    assert not TokenStanding.objects.exists()


def test_states_travel_and_nonsense_does_not() -> None:
    states = [TokenState(api_id=1, ends_in=2.5, error="no", failed=3, fetched=4), TokenState(api_id=2)]
    assert decoded(encoded(states)) == states
    for nonsense in (b"", b"5", b"{}x", b'[{"api_id": "x"}]', b"[1]", b"[" * 5000, encoded(states * 2)):
        with pytest.raises(ValueError):  # noqa: PT011 - whichever
            decoded(nonsense)


def test_by_certificate_it_is_put_back_as_no_secret_is_lost(signed_in: Client) -> None:
    api = make_api()
    _secured(api, certificate=make_certificate(), proof=_proof(secret=None, authenticates_by=ClientAuthentication.CERTIFICATE))
    _secured(api, credentials=Credentials.NONE, proof=None)
    line = Activity.objects.filter(event=Event.API_SECURED).latest("id")
    assert "secret" not in line.changes
    assert signed_in.post(f"/activity/{line.id}/restore/", {"values": "before"}).status_code == 303
    assert OAuthClient.objects.get().client_authentication == "certificate"


def test_the_same_secret_with_another_scope_is_no_other_secret() -> None:
    api = _secured(make_api())
    _secured(api, proof=_proof(scope="more"))
    assert set(Activity.objects.filter(event=Event.API_SECURED).latest("id").changes) == {"scope"}


def test_a_certificate_that_a_client_proves_itself_by_stays_when_the_back_end_at_its_url_presents_none_any_more() -> None:
    certificate = make_certificate()
    back_end = make_back_end(
        "by-url", "https://orders.example.com", by_url=True, credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate
    )
    _secured(make_api(), certificate=certificate, proof=_proof(secret=None, authenticates_by=ClientAuthentication.CERTIFICATE))
    delete_back_end(back_end, by=None, now=timezone.now())
    assert Api.objects.get().certificate == certificate
