"""From the saved change to the call: immediate, complete, without a lost call, and without touching anybody else."""

from __future__ import annotations

import http.client
import signal
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Api, Credentials, KeyKind, Subscription
from certificates import actions as certificate_actions
from certificates.models import CertificateVersion, ClientCertificate
from certificates.sealing import Secret
from gateway.compile import MOST_PLAIN_KEYS
from gateway.models import FailedCall, Refusal
from kit.issuing import Issued, issue
from portal.activity import last_line, record
from portal.live import Kind, State, live_status
from portal.models import Event
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_certificate, make_subscription


def _bind(api: Api, certificate: ClientCertificate | None, authority: Issued) -> None:
    credentials = Credentials.CLIENT_CERTIFICATE if certificate else Credentials.NONE
    chosen = api_actions.ApiSecurity(credentials=credentials, certificate=certificate, trusted_ca=authority.pem)
    api_actions.secure_api(api, chosen, by=None, now=timezone.now())


def _key_of(subscription: Subscription, kind: KeyKind = KeyKind.PRIMARY) -> str:
    return api_actions.show_keys(subscription, by=None, now=timezone.now())[kind].value.decode()


def _replace(certificate: ClientCertificate, issued: Issued) -> int:
    certificate_actions.replace(certificate, issued.as_pfx(), by=None, now=timezone.now())
    return last_line()


def test_before_binding_the_call_is_refused_and_says_so_afterwards_it_carries_the_certificate(
    plant: Plant, backend: Backend, authority: Issued, client_certificate: Issued
) -> None:
    key = _key_of(make_subscription())
    api = make_api(service_url=f"https://localhost:{backend.port}")
    _bind(api, None, authority)
    certificate = make_certificate(issued=client_certificate)
    eventually(lambda: plant.applied(last_line() - 1))
    refused = plant.call("/orders/1", key=key)
    assert refused.status == 502
    assert "client certificate" in refused.message
    call = eventually(lambda: FailedCall.objects.filter(activity_id=refused.json["activityId"]).first())
    assert (call.api, call.gateway, call.status) == (api, "gateway-1", 502)
    _bind(api, certificate, authority)
    eventually(lambda: plant.applied(last_line()))
    answer = plant.call("/orders/1", key=key)
    assert (answer.status, answer.json["thumbprint"]) == (200, client_certificate.thumbprint)
    assert live_status(Kind.API, api.pk).state is State.LIVE


def test_under_load_no_call_after_the_switch_carries_the_old_certificate_and_none_fails(
    plant: Plant, backend: Backend, authority: Issued
) -> None:
    first = issue("version-0", by=authority)
    certificate = make_certificate(issued=first)
    api = make_api(service_url=f"https://localhost:{backend.port}")
    _bind(api, certificate, authority)
    key = _key_of(make_subscription())
    eventually(lambda: plant.call("/orders/1", key=key).status == 200)
    current = first.thumbprint
    with plant.callers("/orders/1", key=key) as traffic:
        for number in range(1, 9):
            version = issue(f"version-{number}", by=authority)
            line = _replace(certificate, version)
            applied = eventually(partial(plant.applied, line))
            eventually(partial(traffic.since, applied))
            assert traffic.since(applied) == {version.thumbprint}, f"{current} after the gateway had confirmed {number}"
            current = version.thumbprint
    assert set(traffic.statuses) == {200}


def test_apis_changed_together_switch_together_and_others_not_at_all(plant: Plant, backend: Backend, authority: Issued) -> None:
    shared, own = make_certificate("shared", issue("shared", by=authority)), make_certificate("own", issue("own", by=authority))
    apis = [make_api(f"api-{number}", service_url=f"https://localhost:{backend.port}") for number in range(5)]
    for api in apis[:4]:
        _bind(api, shared, authority)
    _bind(apis[4], own, authority)
    key = _key_of(make_subscription())
    renewed = issue("renewed", by=authority)
    line = _replace(shared, renewed)
    eventually(lambda: plant.applied(line))
    seen = [plant.call(f"/{api.path}/x", key=key).json["thumbprint"] for api in apis]
    assert seen == [renewed.thumbprint] * 4 + [issue_thumbprint(own)]


def issue_thumbprint(certificate: ClientCertificate) -> str:
    """Return the thumbprint an entry presents."""
    return CertificateVersion.objects.get(certificate=certificate).thumbprint


def test_a_revoked_key_opens_nothing_on_open_connections(
    plant: Plant, backend: Backend, authority: Issued, client_certificate: Issued
) -> None:
    subscription = make_subscription()
    old, other = _key_of(subscription), _key_of(subscription, KeyKind.SECONDARY)
    api = make_api(service_url=f"https://localhost:{backend.port}")
    _bind(api, make_certificate(issued=client_certificate), authority)
    eventually(lambda: plant.applied(last_line()))
    connection = http.client.HTTPConnection("127.0.0.1", plant.port, timeout=10)
    assert plant.call_on(connection, "/orders/1", key=old).status == 200
    api_actions.regenerate_key(subscription, KeyKind.PRIMARY, by=None, now=timezone.now())
    eventually(lambda: plant.applied(last_line()))
    assert plant.call_on(connection, "/orders/1", key=old).status == 401
    assert plant.call_on(connection, "/orders/1", key=other).status == 200
    connection.close()


def test_keys_come_and_go_where_their_number_changes_the_form_of_the_key_check(
    plant: Plant, backend: Backend, authority: Issued, client_certificate: Issued
) -> None:
    with transaction.atomic():
        kept = [make_subscription(f"subscription-{number}") for number in range(MOST_PLAIN_KEYS // len(KeyKind))]
    subscribed = last_line()
    _bind(make_api(service_url=f"https://localhost:{backend.port}"), make_certificate(issued=client_certificate), authority)
    eventually(lambda: plant.applied(subscribed) and plant.applied(last_line()))
    with plant.callers("/orders/1", key=_key_of(kept[0])) as traffic:
        for _ in range(5):
            one_more = make_subscription("one-more")
            key = _key_of(one_more)
            eventually(lambda: plant.applied(last_line()))
            assert plant.call("/orders/1", key=key).status == 200
            api_actions.delete_subscription(one_more, by=None, now=timezone.now())
            eventually(lambda: plant.applied(last_line()))
            assert plant.call("/orders/1", key=key).status == 401
    assert [call for call in traffic.calls if call[1] != 200] == []
    assert plant.call("/orders/1", key=_key_of(kept[-1])).status == 200


def test_a_deleted_api_is_gone_and_so_are_the_keys_that_opened_only_it(plant: Plant, backend: Backend, authority: Issued) -> None:
    api, kept = make_api("orders", service_url=f"https://localhost:{backend.port}"), make_api("kept", service_url="https://localhost:1")
    key = _key_of(make_subscription("orders-only", api=api))
    eventually(lambda: plant.applied(last_line()) or plant.call("/orders/1", key=key).status == 502)
    api_actions.delete_api(api, by=None, now=timezone.now())
    eventually(lambda: plant.applied(last_line()))
    assert plant.call("/orders/1", key=key).status == 404
    assert plant.call("/kept/1", key=key).status == 401
    assert kept.path == "kept"


def test_a_path_that_moves_to_another_segment_answers_at_the_new_place_only(
    plant: Plant, backend: Backend, authority: Issued, client_certificate: Issued
) -> None:
    key = _key_of(make_subscription())
    api = make_api(service_url=f"https://localhost:{backend.port}")
    _bind(api, make_certificate(issued=client_certificate), authority)
    moved = api_actions.ApiSettings(display_name="Orders", service_url=f"https://localhost:{backend.port}", path="sales/orders")
    api_actions.change_api(api, moved, by=None, now=timezone.now())
    eventually(lambda: plant.applied(last_line()))
    assert plant.call("/orders/1", key=key).status == 404
    assert plant.call("/sales/orders/1", key=key).status == 200


def test_a_password_is_live_with_its_api(plant: Plant, server_certificate: Issued, authority: Issued) -> None:
    key = _key_of(make_subscription())
    with Backend(server_certificate) as backend:
        api = make_api(service_url=f"https://localhost:{backend.port}")
        for password in (b"one", b"two"):
            chosen = api_actions.ApiSecurity(
                credentials=Credentials.BASIC, username="u", password=Secret(password), trusted_ca=authority.pem
            )
            api_actions.secure_api(api, chosen, by=None, now=timezone.now())
            eventually(lambda: plant.applied(last_line()))
            assert plant.call("/orders/1", key=key).status == 200
            assert (backend.calls[-1].header("authorization") or "").startswith("Basic dTp")
        assert len({call.header("authorization") for call in backend.calls}) == 2


def test_what_the_gateway_refuses_is_named_on_that_api_only_and_its_calls_are_refused(
    plant: Plant, backend: Backend, authority: Issued, client_certificate: Issued
) -> None:
    key = _key_of(make_subscription())
    certificate = make_certificate(issued=client_certificate)
    good, bad = (make_api(name, service_url=f"https://localhost:{backend.port}") for name in ("good", "bad"))
    for api in (good, bad):
        _bind(api, certificate, authority)
    eventually(lambda: plant.applied(last_line()))
    assert plant.call("/bad/1", key=key).status == 200
    Api.objects.filter(pk=bad.pk).update(trusted_ca="-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n")
    record(Event.API_SECURED, bad, by=None, at=timezone.now())
    line = _replace(certificate, issue("renewed", by=authority))
    refusal = eventually(lambda: Refusal.objects.filter(api=bad).select_related("gateway").first())
    assert refusal.gateway.name == "gateway-1"
    assert "CA" in refusal.reason or "certificate" in refusal.reason
    eventually(lambda: plant.applied(line))
    assert plant.call("/good/1", key=key).status == 200
    eventually(lambda: plant.call("/bad/1", key=key).status == 502)  # never with the certificate it had before
    assert (live_status(Kind.API, bad.pk).state, live_status(Kind.API, good.pk).state) == (State.REFUSED, State.LIVE)
    _bind(bad, certificate, authority)
    eventually(lambda: not Refusal.objects.exists())
    assert plant.call("/bad/1", key=key).status == 200


def test_a_key_that_does_not_open_refuses_the_calls_and_says_why(
    plant: Plant, backend: Backend, authority: Issued, client_certificate: Issued
) -> None:
    key = _key_of(make_subscription())
    certificate, other = make_certificate(issued=client_certificate), make_certificate("other", issue("other", by=authority))
    api, good = (make_api(name, service_url=f"https://localhost:{backend.port}") for name in ("orders", "good"))
    _bind(good, other, authority)
    CertificateVersion.objects.filter(certificate=certificate).update(ciphertext=b"tampered" * 8)
    _bind(api, certificate, authority)
    eventually(lambda: plant.applied(last_line()))
    refused = plant.call("/orders/1", key=key)
    assert refused.status == 502
    assert "prove itself" in refused.message
    status = eventually(lambda: (one := live_status(Kind.API, api.pk)).problem and one)
    assert "does not open" in status.problem
    assert plant.call("/good/1", key=key).status == 200
    _bind(api, other, authority)
    eventually(lambda: plant.applied(last_line()))
    assert plant.call("/orders/1", key=key).status == 200
    eventually(lambda: not live_status(Kind.API, api.pk).problem)


@pytest.mark.parametrize("how", ["kill", "end"])
def test_calls_go_on_without_the_control_plane_and_it_catches_up(plant: Plant, backend: Backend, authority: Issued, how: str) -> None:
    certificate = make_certificate(issued=issue("old", by=authority))
    _bind(make_api(service_url=f"https://localhost:{backend.port}"), certificate, authority)
    key = _key_of(make_subscription())
    eventually(lambda: plant.call("/orders/1", key=key).status == 200)
    with plant.callers("/orders/1", key=key, number=2) as traffic:
        plant.end("xds", how=signal.SIGKILL if how == "kill" else signal.SIGTERM)
        renewed = issue("new", by=authority)
        _replace(certificate, renewed)
        plant.start("xds")
        eventually(lambda: traffic.seen(renewed.thumbprint))
    assert set(traffic.statuses) == {200}
    eventually(lambda: live_status(Kind.CERTIFICATE, certificate.pk).state is State.LIVE)
