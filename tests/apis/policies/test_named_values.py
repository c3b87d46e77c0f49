"""Named values: kept, used in policies, changed everywhere at once, and never told where they are secret."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apis.models import Api, NamedSecret, NamedValue, Operation
from apis.policies.actions import put_api_document, put_operation_document, put_service_document
from apis.policy.statements import SetHeader
from portal.models import Activity, Event
from tests.makers import make_api, make_certificate, make_named_value

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
VALUES = "/named-values/"


def document(inbound: str) -> str:
    return f"<policies><inbound><base />{inbound}</inbound></policies>"


HEADER = document('<set-header name="X-A"><value>{{word}}</value></set-header>')


def sent_header() -> tuple[str, ...]:
    (statement,) = Api.objects.get().policy().effective.inbound
    assert isinstance(statement, SetHeader)
    return statement.values


def test_a_value_is_kept_under_its_name(signed_in: Client) -> None:
    assert signed_in.post(f"{VALUES}new/", {"display_name": "orders-host", "value": "a.example.com", "tags": "x, y,x"}).status_code == 303
    value = NamedValue.objects.get()
    assert (value.name, value.text(), value.tags, value.secret) == ("orders-host", "a.example.com", ["x", "y"], False)
    assert "a.example.com" in signed_in.get(VALUES).content.decode()


def test_a_secret_is_sealed_and_shown_only_to_who_asks(signed_in: Client, viewer: User) -> None:
    signed_in.post(f"{VALUES}new/", {"display_name": "word", "value": "opensesame", "secret": "on"})
    assert not NamedValue.objects.get().value
    assert b"opensesame" not in bytes(NamedSecret.objects.get().ciphertext)
    for page in (VALUES, f"{VALUES}word/"):
        assert "opensesame" not in signed_in.get(page).content.decode()
    watching = Client()
    watching.force_login(viewer)
    assert watching.post(f"{VALUES}word/value/").status_code == 403
    assert "opensesame" in signed_in.post(f"{VALUES}word/value/").content.decode()
    assert Activity.objects.filter(event=Event.NAMED_VALUE_SHOWN).count() == 1
    assert not [line for line in Activity.objects.all() if "opensesame" in str((line.details, line.changes))]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"display_name": "a b", "value": "x"}, "display_name"),
        ({"display_name": "word", "value": "x"}, "display_name"),
        ({"display_name": "other", "value": ""}, "value"),
        ({"display_name": "other", "value": "x" * 4097}, "value"),
        ({"display_name": "other", "value": "x", "name": "new"}, "name"),
        ({"display_name": "other", "value": "x", "tags": ",".join(map(str, range(33)))}, "tags"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(signed_in: Client, sent: dict[str, str], field: str) -> None:
    make_named_value("word", "a")
    answer = signed_in.post(f"{VALUES}new/", sent)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert NamedValue.objects.count() == 1


def test_a_change_is_what_policies_say_from_then_on(signed_in: Client) -> None:
    value = make_named_value("word", "one", secret=True)
    put_api_document(make_api("orders"), HEADER, by=None, now=timezone.now())
    assert sent_header() == ("one",)
    signed_in.post(f"{VALUES}word/", {"display_name": "word", "secret": "on", "value": ""})
    assert sent_header() == ("one",)
    signed_in.post(f"{VALUES}word/", {"display_name": "word", "secret": "on", "value": "two"})
    assert sent_header() == ("two",)
    lines = Activity.objects.filter(event=Event.NAMED_VALUE_CHANGED, subject_id=str(value.pk)).order_by("id")
    assert [line.changes.get("value") for line in lines] == [None, {"hidden": True}]


def test_what_policies_have_made_of_a_value_follows_it(signed_in: Client) -> None:
    make_named_value("client", "first")
    make_certificate("first")
    make_certificate("second")
    text = document('<authentication-certificate certificate-id="{{client}}" />')
    put_api_document(make_api("orders"), text, by=None, now=timezone.now())
    signed_in.post(f"{VALUES}client/", {"display_name": "client", "value": "second"})
    assert Api.objects.get(certificate__name="second").document == text


def test_a_value_that_a_policy_cannot_be_taken_with_is_refused_naming_it(signed_in: Client) -> None:
    make_named_value("word", "10.0.0.1")
    api = make_api("orders")
    text = document('<ip-filter action="allow"><address>{{word}}</address></ip-filter>')
    put_operation_document(Operation.objects.get(), text, by=None, now=timezone.now())
    answer = signed_in.post(f"{VALUES}word/", {"display_name": "word", "value": "ten"})
    assert answer.status_code == 422
    assert f"The policy of {api.display_name}: " in answer.content.decode()
    assert NamedValue.objects.get().text() == "10.0.0.1"


def test_what_is_in_use_neither_goes_nor_changes_its_name(signed_in: Client) -> None:
    make_named_value("word", "one")
    put_service_document(HEADER, by=None, now=timezone.now())
    answer = signed_in.post(f"{VALUES}word/delete/")
    assert answer.status_code == 409
    assert "All APIs" in answer.content.decode()
    assert signed_in.post(f"{VALUES}word/", {"display_name": "term", "value": "one"}).status_code == 422
    put_service_document("", by=None, now=timezone.now())
    assert signed_in.post(f"{VALUES}word/delete/").status_code == 303
    assert not NamedValue.objects.exists()


def test_a_secret_becomes_plain_only_with_a_value_that_everybody_may_see(signed_in: Client) -> None:
    make_named_value("word", "opensesame", secret=True)
    assert signed_in.post(f"{VALUES}word/", {"display_name": "word", "value": ""}).status_code == 422
    assert signed_in.post(f"{VALUES}word/", {"display_name": "word", "value": "new"}).status_code == 303
    assert (NamedValue.objects.get().value, NamedSecret.objects.count()) == ("new", 0)
