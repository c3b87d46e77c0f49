"""Changes to APIs and subscriptions."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials, KeyKind, Operation, Subscription, SubscriptionState
from apis.policy.model import AuthenticationBasic, AuthenticationCertificate
from certificates import actions as certificate_actions
from certificates.sealing import Secret
from portal.models import Activity, Event
from tests.makers import issue, make_api, make_certificate, make_subscription

pytestmark = pytest.mark.django_db


def test_a_bound_certificate_stands_in_the_policy(publisher: User) -> None:
    certificate = make_certificate("billing")
    api = make_api()
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    api = actions.secure_api(api, chosen, by=publisher, now=timezone.now())
    assert certificate.current is not None
    assert api.policy().inbound == (AuthenticationCertificate(certificate_id="billing", thumbprint=certificate.current.thumbprint),)
    line = Activity.objects.first()
    assert line is not None
    assert (line.event, line.subject_name, line.actor) == (Event.API_SECURED, "orders", publisher)


def test_a_certificate_in_use_is_not_deleted_and_the_database_refuses_too(publisher: User) -> None:
    certificate = make_certificate()
    api = make_api()
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    actions.secure_api(api, chosen, by=publisher, now=timezone.now())
    with pytest.raises(certificate_actions.InUse) as refusal:
        certificate_actions.delete(certificate, by=publisher, now=timezone.now())
    assert refusal.value.apis == [api]
    with pytest.raises(ProtectedError):
        certificate.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Api.objects.update(certificate=None)


def test_a_basic_password_is_kept_when_none_is_given(publisher: User) -> None:
    api = make_api()
    first = actions.ApiSecurity(credentials=Credentials.BASIC, username="u", password=Secret(b"p"))
    actions.secure_api(api, first, by=publisher, now=timezone.now())
    second = actions.ApiSecurity(credentials=Credentials.BASIC, username="v")
    api = actions.secure_api(api, second, by=publisher, now=timezone.now())
    assert api.policy().inbound == (AuthenticationBasic(username="v", password=Secret(b"p")),)


def test_the_second_of_two_editors_is_told(publisher: User) -> None:
    api = make_api()
    seen = api.revision
    chosen = actions.ApiSecurity(credentials=Credentials.NONE)
    # The operation that the maker added has moved the revision on already.
    current = Api.objects.get(pk=api.pk).revision
    actions.secure_api(api, chosen, revision=current, by=publisher, now=timezone.now())
    with pytest.raises(actions.EditedMeanwhile) as refusal:
        actions.secure_api(api, chosen, revision=seen, by=publisher, now=timezone.now())
    assert refusal.value.api.changed_by == publisher


def test_a_regenerated_key_replaces_one_and_leaves_the_other(publisher: User) -> None:
    subscription = make_subscription()
    before = actions.show_keys(subscription, by=publisher, now=timezone.now())
    actions.regenerate_key(subscription, KeyKind.PRIMARY, by=publisher, now=timezone.now())
    after = actions.show_keys(subscription, by=publisher, now=timezone.now())
    assert before[KeyKind.PRIMARY] != after[KeyKind.PRIMARY]
    assert before[KeyKind.SECONDARY] == after[KeyKind.SECONDARY]
    assert len(after[KeyKind.PRIMARY].value) == 32


def test_a_replaced_certificate_is_a_new_version_and_rolls_back(publisher: User) -> None:
    certificate = make_certificate()
    first = certificate.current
    certificate = certificate_actions.replace(certificate, issue("renewed").as_pfx(), by=publisher, now=timezone.now())
    assert certificate.current != first
    certificate = certificate_actions.roll_back(certificate, version=1, by=publisher, now=timezone.now())
    assert certificate.current == first
    certificate_actions.delete(certificate, by=publisher, now=timezone.now())
    assert not Activity.objects.filter(event=Event.CERTIFICATE_DELETED).exclude(subject_name="orders-client").exists()


def settings_of(api: Api, **changes: str) -> actions.ApiSettings:
    values = {"display_name": api.display_name, "service_url": api.service_url, "path": api.path} | changes
    return actions.ApiSettings(**values)  # type: ignore[arg-type]  # only texts are changed here


def test_what_another_api_holds_is_refused_by_field(publisher: User) -> None:
    api, other = make_api("orders"), make_api("returns")
    with pytest.raises(actions.Taken) as refusal:
        actions.create_api("orders", settings_of(api, path="new"), by=publisher, now=timezone.now())
    assert refusal.value.field == "name"
    with pytest.raises(actions.Taken) as refusal:
        actions.change_api(other, settings_of(other, path="orders"), by=publisher, now=timezone.now())
    assert refusal.value.field == "path"
    make_subscription("all")
    with pytest.raises(actions.Taken) as refusal:
        make_subscription("all")
    assert refusal.value.field == "name"


def test_two_operations_do_not_match_the_same_calls(publisher: User) -> None:
    api = make_api(everything=False)

    def add(name: str, method: str, template: str) -> None:
        actions.add_operation(api, name=name, display_name=name, method=method, url_template=template, by=publisher, now=timezone.now())

    add("get", "GET", "/orders/{id}")
    add("put", "PUT", "/orders/{id}")
    with pytest.raises(actions.Taken) as refusal:
        add("again", "GET", "/orders/{key}")
    assert refusal.value.field == "url_template"
    with pytest.raises(actions.Taken) as refusal:
        add("get", "GET", "/other")
    assert refusal.value.field == "name"


def test_a_client_certificate_is_not_presented_over_http(publisher: User) -> None:
    api = make_api(service_url="http://orders.example.com")
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate())
    with pytest.raises(actions.NotOverHttp):
        actions.secure_api(api, chosen, by=publisher, now=timezone.now())
    api = actions.change_api(api, settings_of(api, service_url="https://orders.example.com"), by=publisher, now=timezone.now())
    api = actions.secure_api(api, chosen, by=publisher, now=timezone.now())
    with pytest.raises(actions.NotOverHttp):
        actions.change_api(api, settings_of(api, service_url="http://orders.example.com"), by=publisher, now=timezone.now())


def test_what_is_gone_is_not_brought_back_by_a_late_change(publisher: User) -> None:
    api = make_api()
    operation, subscription = api.operations.get(), make_subscription()
    actions.delete_operation(operation, by=publisher, now=timezone.now())
    actions.delete_subscription(subscription, by=publisher, now=timezone.now())
    with pytest.raises(Operation.DoesNotExist):
        actions.change_operation(operation, display_name="x", method="GET", url_template="/", by=publisher, now=timezone.now())
    for change in (
        lambda: actions.change_subscription(subscription, display_name="x", api=None, by=publisher, now=timezone.now()),
        lambda: actions.regenerate_key(subscription, KeyKind.PRIMARY, by=publisher, now=timezone.now()),
        lambda: actions.set_subscription_state(subscription, SubscriptionState.ACTIVE, by=publisher, now=timezone.now()),
    ):
        with pytest.raises(Subscription.DoesNotExist):
            change()
    assert not Operation.objects.exists()
    assert not Subscription.objects.exists()


def test_a_password_that_is_gone_cannot_be_kept() -> None:
    chosen = actions.ApiSecurity(credentials=Credentials.BASIC, username="gateway")
    with pytest.raises(actions.PasswordMissing):
        actions.secure_api(make_api(), chosen, by=None, now=timezone.now())
    assert Api.objects.get().credentials == Credentials.NONE
