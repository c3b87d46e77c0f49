"""Secret named values in documents: where they may stand, and that no sentence, setting or line of the log tells them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apis.models import Api, NamedSecret, NamedValue, Operation
from apis.policies.actions import put_api_document, put_operation_document
from portal.models import Activity
from tests.makers import make_api, make_certificate, make_named_value

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
API, OPERATION = "/apis/orders/policy/", "/apis/orders/operations/everything/policy/"
HEADER = '<set-header name="X-A"><value>{{word}}</value></set-header>'


def document(inbound: str) -> str:
    return f"<policies><inbound><base />{inbound}</inbound></policies>"


@pytest.mark.parametrize(
    "inbound",
    [
        '<ip-filter action="allow"><address>{{word}}</address></ip-filter>',
        '<rewrite-uri template="/{{{word}}}" />',
        '<set-header name="X-Envoy-{{word}}"><value>1</value></set-header>',
        '<return-response><set-status code="{{word}}" /></return-response>',
    ],
)
@pytest.mark.parametrize("address", [API, OPERATION])
def test_why_a_secret_does_not_fit_is_not_told(signed_in: Client, address: str, inbound: str) -> None:
    make_api("orders")
    make_named_value("word", "opensesame", secret=True)
    for answer in (
        signed_in.post(f"{address}check/", {"document": document(inbound)}),
        signed_in.post(address, {"document": document(inbound)}),
    ):
        page = answer.content.decode()
        assert "The secret named value that stands here does not fit." in page
        assert "opensesame" not in page


def test_of_an_answer_without_body_a_secret_status_is_not_told(signed_in: Client) -> None:
    make_api("orders")
    make_named_value("status", "204", secret=True)
    answer = '<return-response><set-status code="{{status}}" /><set-body>a</set-body></return-response>'
    assert "204" not in signed_in.post(f"{API}check/", {"document": document(answer)}).content.decode()


@pytest.mark.parametrize(
    "inbound",
    [
        "<cors><allowed-origins><origin>https://{{word}}.example.com</origin></allowed-origins></cors>",
        '<set-backend-service base-url="https://{{word}}.example.com" />',
        '<set-backend-service backend-id="{{word}}" />',
        '<authentication-basic username="{{word}}" password="{{word}}" />',
        '<authentication-certificate certificate-id="{{word}}" />',
        '<validate-client-certificate><identities><identity dns-name="{{word}}" /></identities></validate-client-certificate>',
    ],
)
def test_a_secret_does_not_become_a_setting_that_pages_show(signed_in: Client, viewer: User, inbound: str) -> None:
    make_api("orders")
    make_named_value("word", "opensesame", secret=True)
    answer = signed_in.post(API, {"document": document(inbound)})
    assert answer.status_code == 422
    assert "A secret named value cannot stand here" in answer.content.decode()
    watching = Client()
    watching.force_login(viewer)
    for page in (API, "/apis/orders/", "/activity/"):
        assert "opensesame" not in watching.get(page).content.decode()
    assert not [line for line in Activity.objects.all() if "opensesame" in str((line.details, line.changes))]


def test_a_value_that_settings_were_made_of_does_not_become_secret(signed_in: Client) -> None:
    make_named_value("client", "first")
    make_certificate("first")
    put_api_document(
        make_api("orders"), document('<authentication-certificate certificate-id="{{client}}" />'), by=None, now=timezone.now()
    )
    answer = signed_in.post("/named-values/client/", {"display_name": "client", "value": "first", "secret": "on"})
    assert answer.status_code == 422
    assert "The policy of Orders cannot be taken with it" in answer.content.decode()
    assert not NamedValue.objects.get().secret


@pytest.mark.parametrize("reference", ["&#123;{word}}", "{{w&#111;rd}}", "{{wo<!-- mine -->rd}}"])
def test_a_reference_that_nobody_can_find_is_refused(signed_in: Client, reference: str) -> None:
    make_api("orders")
    make_named_value("word", "one")
    answer = signed_in.post(API, {"document": document(f'<set-header name="X-A"><value>{reference}</value></set-header>')})
    assert answer.status_code == 422
    assert "without character references or comments" in answer.content.decode()


def test_a_secret_that_does_not_open_is_told_and_made_good_by_a_new_one(signed_in: Client) -> None:
    make_named_value("word", "opensesame", secret=True)
    api = make_api("orders")
    put_api_document(api, document(HEADER), by=None, now=timezone.now())
    put_operation_document(Operation.objects.get(), document(HEADER), by=None, now=timezone.now())
    NamedSecret.objects.update(ciphertext=b"damaged")
    for address in (API, OPERATION):
        answer = signed_in.post(address, {"document": document(HEADER + "<!-- mine -->")})
        assert answer.status_code == 422
        assert "<!-- mine -->" in answer.context["form"]["document"].value()
    kept = {"display_name": "word", "secret": "on"}
    assert signed_in.post("/named-values/word/", kept | {"value": ""}).status_code == 409
    assert signed_in.post("/named-values/word/", kept | {"value": "new"}).status_code == 303
    assert Api.objects.get().policy().effective.inbound[0].values == ("new",)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "comment",
    [
        "The password stands in the vault; ask for the secret.",
        "authentication-shared-secret comes later",
        'was: password="{{word}}"',
        "Passwords: see the handbook",
    ],
)
def test_a_comment_may_speak_of_secrets_and_the_document_stays_as_it_was_written(signed_in: Client, comment: str) -> None:
    make_api("orders")
    make_named_value("word", "opensesame", secret=True)
    text = f'<policies>\n <inbound><!-- {comment} --><authentication-basic password="{{{{word}}}}" username="me"/></inbound>\n</policies>'
    assert signed_in.post(API, {"document": text}).status_code == 303
    assert Api.objects.get().document == text


@pytest.mark.parametrize(
    "comment",
    [
        "password: hunter2",
        "client_secret = hunter2",
        'password=""',
        "{'secret': 'hunter2'}",
        "it is opensesame",
        "<authentication-basic password='hunter2'/>",
    ],
)
def test_a_comment_that_tells_a_secret_is_not_stored(signed_in: Client, comment: str) -> None:
    make_api("orders")
    make_named_value("word", "opensesame", secret=True)
    signed_in.post(API, {"document": document(f'<!-- {comment} --><authentication-basic username="me" password="{{{{word}}}}" />')})
    assert "<authentication-basic" in Api.objects.get().document
    assert "<!--" not in Api.objects.get().document


def test_the_value_of_a_password_is_put_in_once(signed_in: Client) -> None:
    make_api("orders")
    make_named_value("word", "{{other}}", secret=True)
    make_named_value("user", "{{other}}")
    make_named_value("other", "opensesame", secret=True)
    basic = '<authentication-basic username="{}" password="{{{{word}}}}" />'
    assert signed_in.post(API, {"document": document(basic.format("me"))}).status_code == 303
    stored = Api.objects.get().basic_credentials
    assert (stored.unseal().value, stored.written_password) == (b"{{other}}", "")
    refused = signed_in.post(API, {"document": document(basic.format("{{user}}"))})
    assert refused.status_code == 422
    assert "The value of a user name cannot hold {{…}} itself." in refused.content.decode()


@pytest.mark.parametrize(
    ("element", "kept"),
    [
        ('<authentication-basic username="{{user}}" password="hunter2" />', '<authentication-basic username="{{user}}" password="***" />'),
        ("<authentication-basic password = 'a>b' username='{{user}}'/>", "<authentication-basic password = '***' username='{{user}}'/>"),
        (
            '<authentication-shared-secret\n  header="X-{{user}}"\n  secret="&quot;hunter2&quot;"></authentication-shared-secret>',
            '<authentication-shared-secret\n  header="X-{{user}}"\n  secret="***"></authentication-shared-secret>',
        ),
        (
            '<authentication-oauth2 client-secret="hunter2" client-id="{{user}}" token-endpoint="https://192.0.2.7/" />',
            '<authentication-oauth2 client-secret="***" client-id="{{user}}" token-endpoint="https://192.0.2.7/" />',
        ),
    ],
)
def test_only_the_secret_of_a_document_is_masked_and_the_rest_stays_as_it_was_written(signed_in: Client, element: str, kept: str) -> None:
    make_api("orders")
    make_named_value("user", "shop")
    around = (
        '<policies>\n\t<inbound><base/>\n<!-- "mine" -->{}<cors><allowed-origins><origin>https://{{{{user}}}}.example.com</origin>'
        '</allowed-origins></cors><set-header name="A"><value><![CDATA[<authentication-basic password="b">]]></value></set-header>'
        "</inbound></policies>"
    )
    assert signed_in.post(API, {"document": around.format(element)}).status_code == 303
    assert Api.objects.get().document == around.format(kept)
    page = signed_in.get(API)
    assert page.context["form"]["document"].value() == around.format(kept)
    assert signed_in.post(API, {"document": around.format(kept)}).status_code == 303
    assert signed_in.post("/named-values/user/", {"display_name": "user", "value": "other"}).status_code == 303
    assert Api.objects.get().cors_origins == ["https://other.example.com"]
    assert Api.objects.get().document == around.format(kept)
