"""The gateways' pages: what each runs, whether a change is live, which calls failed, who may come."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import tarfile
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from apis import actions as api_actions
from apis.models import Credentials
from certificates import actions as certificate_actions
from gateway import actions
from gateway.agent import identity
from gateway.control.enrolment import fingerprint_of, issue_for_server
from gateway.models import Delivery, Gateway, Refusal
from portal.activity import last_line
from portal.live import Kind, State, live_status
from portal.models import Activity, Event
from tests.makers import issue, make_api, make_certificate, make_counts, make_failed_call, make_gateway, make_subscription
from tests.processes import PROJECT

pytestmark = pytest.mark.django_db


def _applied(gateway: Gateway, line: int, *, after: timedelta) -> None:
    at = Activity.objects.get(pk=line).at
    Delivery.objects.create(gateway=gateway, change=line, sent_at=at, applied_at=at + after)


def test_a_change_is_live_when_every_connected_gateway_has_applied_it() -> None:
    one, two = make_gateway("one"), make_gateway("two")
    api = make_api()
    _applied(one, last_line(), after=timedelta(milliseconds=7))
    assert live_status(Kind.API, api.pk).state is State.WAITING
    assert [standing.gateway for standing in live_status(Kind.API, api.pk).waiting] == ["two"]
    _applied(two, last_line(), after=timedelta(milliseconds=12))
    status = live_status(Kind.API, api.pk)
    assert (status.state, status.milliseconds, status.settled) == (State.LIVE, 12, True)


def test_a_gateway_that_came_later_has_the_change_too() -> None:
    api = make_api()
    make_gateway(applied_change=last_line())
    status = live_status(Kind.API, api.pk)
    assert (status.state, status.milliseconds) == (State.LIVE, None)


def test_without_a_gateway_nothing_is_live_and_one_that_went_away_is_named() -> None:
    api = make_api()
    assert live_status(Kind.API, api.pk).state is State.NOWHERE
    make_gateway("gone", connected=False)
    assert live_status(Kind.API, api.pk).away == ("gone",)


def test_a_gateway_that_was_not_seen_for_long_is_not_connected() -> None:
    api = make_api()
    make_gateway()
    Gateway.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    assert live_status(Kind.API, api.pk).state is State.NOWHERE


def test_a_replaced_certificate_makes_its_apis_wait() -> None:
    certificate, api = make_certificate(), make_api()
    chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate)
    api_actions.secure_api(api, chosen, by=None, now=timezone.now())
    gateway = make_gateway(applied_change=last_line())
    assert live_status(Kind.API, api.pk).state is State.LIVE
    certificate_actions.replace(certificate, issue("renewed").as_pfx(), by=None, now=timezone.now())
    assert live_status(Kind.API, api.pk).state is State.WAITING
    assert live_status(Kind.CERTIFICATE, certificate.pk).state is State.WAITING
    Refusal.objects.create(gateway=gateway, api=api, resource="Cluster/api-1", reason="KEY_VALUES_MISMATCH", since=timezone.now())
    assert live_status(Kind.API, api.pk).state is State.WAITING  # what was refused before it may be mended by it
    _applied(gateway, last_line(), after=timedelta(milliseconds=7))
    for kind, pk in ((Kind.API, api.pk), (Kind.CERTIFICATE, certificate.pk)):
        status = live_status(kind, pk)
        assert (status.state, [standing.reason for standing in status.refused]) == (State.REFUSED, ["KEY_VALUES_MISMATCH"])


def test_showing_keys_changes_nothing() -> None:
    subscription = make_subscription()
    make_gateway(applied_change=last_line())
    api_actions.show_keys(subscription, by=None, now=timezone.now())
    assert live_status(Kind.SUBSCRIPTION, subscription.pk).state is State.LIVE


def test_a_status_costs_the_same_few_queries_whatever_there_is(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    api = make_api()
    for number in range(20):
        make_gateway(f"gateway-{number}", applied_change=last_line())
    with django_assert_max_num_queries(5):
        live_status(Kind.API, api.pk)


def _rendered(template: str, user: User, **context: object) -> str:
    request = RequestFactory().get("/")
    request.user = user
    return Template("{% load gateways %}" + template).render(Context({"request": request, **context}))


def test_the_page_asks_again_until_the_matter_is_settled(viewer: User, signed_in: Client) -> None:
    api = make_api()
    gateway = make_gateway()
    page = _rendered('{% live_status "api" api %}', viewer, api=api)
    assert "waiting for" in page
    assert f'hx-get="/gateways/live/api/{api.pk}/' in page
    assert 'role="status"' in page
    _applied(gateway, last_line(), after=timedelta(milliseconds=9))
    fragment = signed_in.get(f"/gateways/live/api/{api.pk}/?wait=250").content.decode()
    assert "Live on 1 of 1 gateway" in fragment
    assert "9 ms after saving" in fragment
    assert "hx-get" not in fragment


def test_the_fragment_waits_a_little_longer_each_time(signed_in: Client) -> None:
    api = make_api()
    make_gateway()
    assert "?wait=1500" in signed_in.get(f"/gateways/live/api/{api.pk}/?wait=1000").content.decode()
    assert "?wait=5000" in signed_in.get(f"/gateways/live/api/{api.pk}/?wait=99999").content.decode()
    assert signed_in.get("/gateways/live/planet/1/").status_code == 404


def test_the_gateways_page_shows_versions_and_refusals_in_few_queries(
    signed_in: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    api = make_api()
    for number in range(5):
        gateway = make_gateway(f"gateway-{number}")
        Refusal.objects.create(gateway=gateway, api=api, resource="Cluster/api-1", reason="<b>KEY_VALUES_MISMATCH", since=timezone.now())
    with django_assert_max_num_queries(12):
        page = signed_in.get("/gateways/").content.decode()
    assert "Envoy 1.40.0" in page
    assert "&lt;b&gt;KEY_VALUES_MISMATCH" in page


def test_a_failed_call_is_found_by_its_activity_id(signed_in: Client) -> None:
    make_failed_call("5f3c-1", api=make_api())
    found = signed_in.get("/failures/", {"q": "5f3c-1"}, follow=True)
    assert found.redirect_chain == [("/failures/5f3c-1/", 302)]
    assert "CERTIFICATE_VERIFY_FAILED" in found.content.decode()
    assert "No failed call matches" in signed_in.get("/failures/", {"q": "nothing"}).content.decode()


def test_an_api_page_can_show_its_recent_failures(viewer: User) -> None:
    api = make_api()
    assert "5f3c" not in _rendered("{% recent_failures api %}", viewer, api=api)
    make_failed_call("5f3c-1", api=api)
    assert "5f3c-1" in _rendered("{% recent_failures api %}", viewer, api=api)


def test_an_enrolled_gateway_gets_its_files_once(administrator: User) -> None:
    client = Client()
    client.force_login(administrator)
    answer = client.post("/gateways/enrol/", {"name": "gateway-2"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="gateway-2.tar"'
    assert "no-store" in answer.headers["Cache-Control"]
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        files = {Path(member.name).name: (member.mode, archive.extractfile(member).read()) for member in archive}  # type: ignore[union-attr]  # each is a file
    assert {mode for mode, _ in files.values()} == {0o600}
    certificate = x509.load_pem_x509_certificate(files["certificate.pem"][1])
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(files["authority.pem"][1]))
    assert serialization.load_pem_private_key(files["private-key.pem"][1], None).public_key() == certificate.public_key()
    gateway = Gateway.objects.get(name="gateway-2")
    assert gateway.fingerprint == fingerprint_of(files["certificate.pem"][1])
    assert client.post("/gateways/enrol/", {"name": "gateway-2"}).status_code == 422
    line = Activity.objects.first()
    assert line is not None
    assert (line.event, line.subject_name, line.actor) == (Event.GATEWAY_ADDED, "gateway-2", administrator)


def test_a_removed_gateway_is_forgotten(administrator: User) -> None:
    client = Client()
    client.force_login(administrator)
    make_gateway("gateway-2")
    assert client.post("/gateways/gateway-2/remove/").status_code == 303
    assert not Gateway.objects.exists()


def test_one_authority_issues_for_gateways_and_server() -> None:
    now = timezone.now()
    gateway, server = actions.enrol("gateway-2", by=None, now=now), issue_for_server("127.0.0.1", now=now)
    assert gateway.authority_pem == server.authority_pem
    assert "PRIVATE" not in repr(gateway)


def test_the_command_enrols_lists_and_removes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("gateway", "enrol", "gateway-2", directory=tmp_path / "identity")
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "identity").iterdir()} == {
        "certificate.pem": 0o600,
        "private-key.pem": 0o600,
        "authority.pem": 0o600,
    }
    call_command("gateway", "list")
    assert "gateway-2: not connected" in capsys.readouterr().out
    call_command("gateway", "remove", "gateway-2")
    with pytest.raises(CommandError, match="no gateway named"):
        call_command("gateway", "remove", "gateway-2")


def test_the_command_enrols_once_where_it_is_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "identity"
    call_command("gateway", "enrol", "gateway-2", directory=folder, if_missing=True)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    call_command("gateway", "enrol", "gateway-2", directory=folder, if_missing=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert "holds an enrolment already" in capsys.readouterr().out

    (folder / "private-key.pem").unlink()
    call_command("gateway", "enrol", "gateway-2", directory=folder, if_missing=True)
    assert {path.name for path in folder.iterdir()} == set(before)
    assert (folder / "certificate.pem").read_bytes() != before["certificate.pem"]


def test_the_command_writes_an_enrolment_as_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("gateway", "enrol", "gateway-2", secret="of-gateway-2")
    written = json.loads(capsys.readouterr().out)
    assert (written["apiVersion"], written["kind"], written["metadata"]) == ("v1", "Secret", {"name": "of-gateway-2"})
    for name, content in written["stringData"].items():
        (tmp_path / name).write_text(content)
    assert fingerprint_of(identity.read(tmp_path, tmp_path).certificate) == Gateway.objects.get(name="gateway-2").fingerprint


def test_the_command_asks_where_the_files_go() -> None:
    with pytest.raises(CommandError, match="--directory"):
        call_command("gateway", "enrol", "gateway-2")
    assert not Gateway.objects.exists()


def test_the_command_shows_no_private_key_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    try:
        command = [sys.executable, "manage.py", "gateway", "enrol", "gateway-2", "--secret", "gateway-2"]
        done = subprocess.run(command, cwd=PROJECT, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 1
    assert "holds a private key" in done.stderr


@pytest.mark.django_db
def test_removing_a_gateway_asks_first_and_says_who_would_have_to_answer_its_calls(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    make_counts(make_api(), ok=1234)
    make_gateway("north")
    alone = client.get("/gateways/north/remove/").content.decode()
    assert "No other gateway is connected" in alone
    assert "1,234 calls of the last 24 hours" in alone
    make_gateway("south")
    assert "1 other gateway is connected" in client.get("/gateways/north/remove/").content.decode()
    make_gateway("east", connected=False)
    assert "It is not connected" in client.get("/gateways/east/remove/").content.decode()
