"""Changes of APIs, and of what stands around them: back ends, named values, documents, subscriptions."""

from __future__ import annotations

from random import Random
from typing import Any

from apis import actions as api_actions
from apis.backends import actions as back_ends
from apis.backends.models import BackEnd
from apis.callers import CallerCertificate
from apis.models import Api, Credentials, KeyKind, NamedValue, Operation, Subscription, SubscriptionState
from apis.named_values import actions as named_values
from apis.policies import actions as policies
from apis.policy.oauth import AuthenticationOAuth2, ClientAuthentication
from apis.policy.proofs import AuthenticationSharedSecret, Proof, SecretPlace
from certificates.authorities.models import Authority
from certificates.models import ClientCertificate
from certificates.sealing import Secret
from tests.gateway.changes.chance import done, one, one_or_none
from tests.makers import (
    make_api,
    make_back_end,
    make_named_value,
    make_subscription,
)

DOCUMENT = '<policies><inbound><base /><set-header name="x-one"><value>{{%s}}</value></set-header></inbound></policies>'


def _proof(chance: Random, kind: Credentials, *, certificate: bool) -> Proof | None:
    if kind == Credentials.SHARED_SECRET:
        place = chance.choice([SecretPlace.HEADER, SecretPlace.QUERY])
        return AuthenticationSharedSecret(place=place, name="x-secret", secret=Secret(str(chance.randint(1, 9)).encode()))
    if kind == Credentials.OAUTH2:
        by = ClientAuthentication.CERTIFICATE if certificate else ClientAuthentication.BASIC
        secret = None if certificate else Secret(str(chance.randint(1, 9)).encode())
        authority = chance.choice(["", *Authority.objects.values_list("name", flat=True)])
        return AuthenticationOAuth2(
            token_endpoint="https://192.0.2.7/token", client_id="me", secret=secret, authenticates_by=by, authority=authority
        )
    return None


def _security(chance: Random) -> dict[str, Any]:
    kind = chance.choice(list(Credentials))
    takes = kind in {Credentials.CLIENT_CERTIFICATE, Credentials.SHARED_SECRET, Credentials.OAUTH2}
    certificate = one(ClientCertificate, chance) if takes and (kind == Credentials.CLIENT_CERTIFICATE or chance.random() < 0.6) else None
    trusted = one_or_none(Authority, chance)
    return {
        "credentials": kind,
        "certificate": certificate,
        "username": "me" if kind == Credentials.BASIC else "",
        "password": Secret(b"open") if kind == Credentials.BASIC else None,
        "proof": _proof(chance, kind, certificate=certificate is not None),
        "trusted_authority": trusted,
    }


def secured(chance: Random) -> None:
    api_actions.secure_api(one(Api, chance, back_end=None), api_actions.ApiSecurity(**_security(chance)), **done())


def presents(chance: Random) -> None:
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=one(ClientCertificate, chance))
    api_actions.secure_api(one(Api, chance, back_end=None), chosen, **done())


def api_created(chance: Random) -> None:
    number = chance.randint(1, 9)
    make_api(f"new-{number}", path=chance.choice(["shop/", ""]) + f"new-{number}", service_url=chance.choice(["", "https://192.0.2.1"]))


def api_changed(chance: Random) -> None:
    api = one(Api, chance)
    path = chance.choice([api.path, "shop/moved", "moved", "shop", f"v1.2/{api.name}"])
    url = chance.choice([api.written_address, "https://{{host}}/a", "http://192.0.2.8", ""])
    chosen = api_actions.ApiSettings(
        display_name=chance.choice(["One", "Two"]), service_url=url, path=path, subscription_required=chance.random() < 0.6
    )
    api_actions.change_api(api, chosen, **done())


def api_deleted(chance: Random) -> None:
    api_actions.delete_api(one(Api, chance), **done())


def api_led(chance: Random) -> None:
    api_actions.lead_api(one(Api, chance), api_actions.Lead(back_end=chance.choice([None, one(BackEnd, chance)])), **done())


def callers_changed(chance: Random) -> None:
    api = one(Api, chance)
    kind = chance.choice(list(CallerCertificate))
    authority = one(Authority, chance) if kind == CallerCertificate.REQUIRED else None
    hosts = chance.choice([(), ("0.example.com",), ("*.example.com",)])
    chosen = api_actions.ApiCallers(hosts=hosts, caller_certificate=kind, caller_authority=authority)
    api_actions.change_callers(api, chosen, **done())


def calls_changed(chance: Random) -> None:
    chosen = api_actions.ApiCalls(
        count_by_subscription=chance.random() < 0.7, retry_calls=chance.random() < 0.5, idle_seconds=chance.choice([None, 7])
    )
    api_actions.change_calls(one(Api, chance), chosen, **done())


def documents_changed(chance: Random) -> None:
    text = chance.choice(["", DOCUMENT % "greeting", DOCUMENT % "host"])
    match chance.randint(0, 2):
        case 0:
            policies.put_service_document(text.replace("<base />", ""), **done())
        case 1:
            policies.put_api_document(one(Api, chance), text, **done())
        case _:
            policies.put_operation_document(one(Operation, chance), text, **done())


def operations_changed(chance: Random) -> None:
    if chance.random() < 0.5:
        api_actions.delete_operation(one(Operation, chance), **done())
    else:
        number = chance.randint(1, 4)
        api_actions.add_operation(
            one(Api, chance), name=f"get-{number}", display_name="Get", method="GET", url_template=f"/{number}/{{id}}", **done()
        )


def value_changed(chance: Random) -> None:
    value = one(NamedValue, chance)
    text = f"192.0.2.{chance.randint(1, 9)}"
    secret = value.display_name != "host" and chance.random() < 0.5
    chosen = named_values.Chosen(display_name=value.display_name, value=Secret(text.encode()), secret=secret)
    named_values.change(value, chosen, **done())


def value_created_and_named(chance: Random) -> None:
    name = f"value-{chance.randint(1, 5)}"
    make_named_value(name, "text")
    policies.put_api_document(one(Api, chance), DOCUMENT % name, **done())


def subscription_created(chance: Random) -> None:
    make_subscription(f"new-{chance.randint(1, 9)}", api=one_or_none(Api, chance))


def subscription_changed(chance: Random) -> None:
    subscription = one(Subscription, chance)
    match chance.randint(0, 3):
        case 0:
            api_actions.set_subscription_state(subscription, chance.choice(list(SubscriptionState)), **done())
        case 1:
            api_actions.regenerate_key(subscription, chance.choice(list(KeyKind)), **done())
        case 2:
            api = one_or_none(Api, chance)
            api_actions.change_subscription(subscription, display_name="Other", api=api, **done())
        case _:
            api_actions.delete_subscription(subscription, **done())


def back_end_created(chance: Random) -> None:
    make_back_end(f"new-{chance.randint(1, 5)}", "https://192.0.2.3", by_url=chance.random() < 0.5)


def back_end_changed(chance: Random) -> None:
    back_end = one(BackEnd, chance)
    url = chance.choice(["https://192.0.2.1", "https://192.0.2.2/v2"])
    addresses = ({"url": url, "weight": 1, "priority": 0}, {"url": url.replace("192.0.2", "198.51.100"), "weight": 2, "priority": 1})
    chosen = back_ends.BackEndSettings(url=url, addresses=chance.choice([(), addresses]), **_security(chance))
    back_ends.change_back_end(back_end, chosen, **done())


def back_end_deleted(chance: Random) -> None:
    back_ends.delete_back_end(one(BackEnd, chance), **done())
