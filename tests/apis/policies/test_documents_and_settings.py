"""What documents make of an API's settings, whatever else has changed them since, and from whatever they begin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apis import actions
from apis.actions import ApiSecurity
from apis.models import Api, Credentials, NamedValue, Operation
from apis.policies.actions import put_api_document, put_operation_document
from apis.policy import UnreadablePolicy
from certificates.models import ClientCertificate
from certificates.sealing import Secret
from tests.makers import lead, make_api, make_back_end, make_certificate, make_named_value

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
API = "/apis/orders/policy/"
PRESENTS = '<authentication-certificate certificate-id="client" />'
HEADER = '<set-header name="X-A"><value>{{word}}</value></set-header>'


def document(inbound: str) -> str:
    return f"<policies><inbound><base />{inbound}</inbound></policies>"


def leads(url: str) -> str:
    return f'<set-backend-service base-url="{url}" />'


def stamp() -> dict[str, Any]:
    return {"by": None, "now": timezone.now()}


def say(value: str, signed_in: Client, name: str = "word") -> int:
    return signed_in.post(f"/named-values/{name}/", {"display_name": name, "value": value}).status_code


@pytest.mark.parametrize(("template", "rewritten"), [("/orders?state={state}", "/orders/{state}"), ("/orders", "/orders/{}")])
def test_a_path_is_rewritten_with_parameters_of_the_path_alone(template: str, rewritten: str) -> None:
    operation = actions.add_operation(make_api(), name="own", display_name="own", method="GET", url_template=template, **stamp())
    with pytest.raises(UnreadablePolicy, match="has no parameter"):
        put_operation_document(operation, document(f'<rewrite-uri template="{rewritten}" />'), **stamp())


def test_a_new_value_leaves_alone_what_a_tab_has_changed_since(signed_in: Client) -> None:
    make_named_value("word", "one")
    make_certificate("client")
    other = make_certificate("other")
    waits = '<policies><inbound><base />{}</inbound><backend><forward-request timeout="{{{{word}}}}" /></backend></policies>'
    put_api_document(make_api("orders"), document(HEADER + PRESENTS), **stamp())
    actions.secure_api(Api.objects.get(), ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=other), **stamp())
    assert say("7", signed_in) == 303
    assert Api.objects.get().certificate == other
    put_api_document(Api.objects.get(), waits.format(PRESENTS), **stamp())
    lead(Api.objects.get(), make_back_end("shop"))
    assert say("9", signed_in) == 303
    api = Api.objects.get()
    assert (api.back_end and api.back_end.name, api.certificate, api.idle_seconds) == ("shop", None, 9)


def test_a_new_value_that_leads_a_certificate_over_http_is_refused_naming_the_policy(signed_in: Client) -> None:
    make_named_value("host", "https://orders.example.com")
    make_certificate("client")
    put_api_document(make_api("orders"), document(leads("{{host}}") + PRESENTS), **stamp())
    answer = signed_in.post("/named-values/host/", {"display_name": "host", "value": "http://orders.example.com"})
    assert answer.status_code == 422
    assert "The policy of Orders cannot be taken with it" in answer.content.decode()
    assert NamedValue.objects.get().text() == "https://orders.example.com"


def test_address_and_certificate_change_in_one_document(signed_in: Client) -> None:
    make_certificate("client")
    make_api("orders", service_url="http://orders.example.com")
    assert signed_in.post(API, {"document": document(PRESENTS)}).status_code == 422
    assert signed_in.post(API, {"document": document(leads("http://b.example.com") + PRESENTS)}).status_code == 422
    assert signed_in.post(API, {"document": document(leads("https://b.example.com") + PRESENTS)}).status_code == 303
    assert signed_in.post(API, {"document": document(leads("http://b.example.com"))}).status_code == 303
    make_back_end("shop", certificate=ClientCertificate.objects.get(), credentials=Credentials.CLIENT_CERTIFICATE)
    assert signed_in.post(API, {"document": document('<set-backend-service backend-id="shop" />' + PRESENTS)}).status_code == 303
    assert signed_in.post(API, {"document": ""}).status_code == 303
    assert (Api.objects.get().service_url, Api.objects.get().certificate) == ("http://orders.example.com", None)


def test_the_document_of_an_api_whose_back_end_has_a_password_is_taken_as_it_is_shown(signed_in: Client) -> None:
    shop = make_back_end("shop", credentials=Credentials.BASIC, username="ada", password=Secret(b"letmein"))
    lead(make_api("orders"), shop)
    shown = signed_in.get(API).context["form"]["document"].value()
    assert 'username="ada" password="***"' in shown
    assert signed_in.post(API, {"document": shown.replace("<base />", "<base /><!-- mine -->", 1)}).status_code == 303
    assert signed_in.post(API, {"document": shown.replace("ada", "bob")}).status_code == 422
    assert Api.objects.get().basic_credentials.username == "ada"


def test_an_api_is_closed_while_a_policy_names_a_parameter_that_its_operation_has_not() -> None:
    api = make_api("orders", everything=False)
    operation = actions.add_operation(api, name="own", display_name="Own", method="GET", url_template="/own/{id}", **stamp())
    put_operation_document(operation, document('<rewrite-uri template="/{id}" />'), **stamp())
    Api.objects.get().policy()
    Operation.objects.update(url_template="/own/{key}")
    with pytest.raises(UnreadablePolicy, match="has no parameter"):
        Api.objects.get().policy()
