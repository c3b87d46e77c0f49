"""``/metrics``: what it holds of certificates, APIs, calls and gateways, for whom; read and judged by a real Prometheus."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from apis import actions
from apis.models import Api, Credentials
from certificates.models import CertificateVersion
from gateway.models import Delivery, Gateway, Refusal
from kit.ports import free_ports
from portal.metrics import measured
from portal.metrics.checks import the_token_is_long
from tests.debian import program
from tests.makers import make_api, make_certificate, make_counts, make_gateway, make_server_certificate
from tests.processes import PROJECT

TOKEN = "a-token-of-the-tests"
RULES = PROJECT / "deploy" / "prometheus" / "rules.yaml"
SCRAPE = PROJECT / "deploy" / "prometheus" / "scrape.yaml"
DASHBOARD = PROJECT / "deploy" / "grafana" / "dashboard.json"
WITHIN_SECONDS = 120.0
NOW = timezone.now()


def figures(client: Client, family: str) -> dict[tuple[str, ...], float]:
    """Return the values of one family, by its labels' values in the order of their names."""
    text = client.get("/metrics").content.decode()
    return {
        tuple(sample.labels[name] for name in sorted(sample.labels)): sample.value
        for found in text_string_to_metric_families(text)
        for sample in found.samples
        if sample.name == family
    }


def presenting(api: Api) -> CertificateVersion:
    entry = make_certificate()
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry)
    actions.secure_api(api, chosen, by=None, now=NOW)
    return entry.versions.get()


@pytest.mark.django_db
def test_certificates_and_the_apis_that_present_them_say_when_they_end(client: Client) -> None:
    version = presenting(make_api())
    make_server_certificate()
    ends = figures(client, "portal_certificate_not_after_seconds")
    assert ends[("client", "orders-client", "1")] == version.not_after.timestamp()
    assert ("server", "api.example.com", "1") in ends
    assert figures(client, "portal_api_certificate_not_after_seconds") == {("orders", "orders-client"): version.not_after.timestamp()}
    assert figures(client, "portal_certificates") == {("client",): 1, ("server",): 1}


@pytest.mark.django_db
def test_each_call_is_in_exactly_one_outcome(client: Client) -> None:
    orders, stock = make_api(), make_api("stock")
    make_counts(orders, ok=5, refused_certificate=2, gateway=1)
    make_counts(stock, no_answer=4, server_error=-1)  # for a moment a number may be negative
    make_counts(None, gateway=3)
    calls = {key: value for key, value in figures(client, "portal_calls_total").items() if value}
    assert calls == {("orders", "2xx"): 5, ("orders", "refused-certificate"): 2, ("orders", "gateway"): 1, ("stock", "no-answer"): 4}
    assert len(figures(client, "portal_calls_total")) == 14
    assert figures(client, "portal_gateway_calls_total")[("gateway",)] == 4


@pytest.mark.django_db
def test_gateways_are_up_to_date_behind_or_away(client: Client) -> None:
    make_gateway("well")
    make_gateway("gone", connected=False)
    late = make_gateway("late")
    Gateway.objects.update(seen_at=Now())
    sent = timezone.now()
    Delivery.objects.create(gateway=late, change=7, sent_at=sent + timedelta(seconds=1))
    Delivery.objects.create(gateway=late, change=6, sent_at=sent, applied_at=sent + timedelta(milliseconds=250))
    Refusal.objects.create(gateway=late, reason="Envoy's words", since=sent)
    assert figures(client, "portal_gateways") == {("connected",): 1, ("behind",): 1, ("away",): 1}
    assert set(figures(client, "portal_gateway_behind_seconds")) == {("well",), ("late",)}
    assert figures(client, "portal_gateway_last_change_seconds") == {("late",): 0.25}
    assert figures(client, "portal_refusals") == {("late",): 1}


@pytest.mark.django_db
def test_only_this_machine_reads_it_and_no_proxy_for_others(client: Client, settings: Settings) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.1").status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert client.get("/metrics").status_code == 403
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer x"}).status_code == 403


def test_a_token_that_can_be_guessed_is_refused_at_the_start(settings: Settings) -> None:
    for token, wrong in (("", 0), (TOKEN, 0), ("short", 1)):
        settings.METRICS_TOKEN = token
        assert len(the_token_is_long()) == wrong


@pytest.mark.django_db
def test_there_are_never_more_figures_than_there_may_be(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for module in ("certificates.metrics", "apis.metrics", "gateway.metrics"):
        monkeypatch.setattr(f"{module}.MOST", 3)
    for number in range(5):
        make_counts(make_api(f"api-{number}"), ok=1)
        make_certificate(f"client-{number}")
    with django_assert_max_num_queries(20):
        assert len(figures(client, "portal_calls_total")) == 3 * 7
    assert sorted(figures(client, "portal_certificate_not_after_seconds")) == [("client", f"client-{number}", "1") for number in range(3)]
    assert measured.MOST == 5_000


def test_rules_and_dashboard_name_families_that_there_are(client: Client, db: None) -> None:
    make_counts(presenting_api(), ok=1)
    make_gateway()
    text = client.get("/metrics").content.decode()
    known = {found.name for found in text_string_to_metric_families(text)} | {
        found.name + "_total" for found in text_string_to_metric_families(text)
    }
    named = re.findall(r"portal_[a-z_]+", RULES.read_text()) + re.findall(r"portal_[a-z_]+", DASHBOARD.read_text())
    assert set(named) - known == set()
    expressions = [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]]
    assert len(expressions) > len(set(named)) / 2


def presenting_api() -> Api:
    api = make_api()
    presenting(api)
    return api


def test_promtool_finds_nothing_wrong_with_the_figures(client: Client, db: None) -> None:
    make_counts(presenting_api(), ok=1)
    make_gateway()
    text = client.get("/metrics").content
    checked = subprocess.run([program("promtool"), "check", "metrics"], input=text, check=False, capture_output=True)
    assert (checked.returncode, checked.stderr.decode()) == (0, "")


@pytest.fixture
def prometheus(live_server: LiveServer, tmp_path: Path, settings: Settings) -> Iterator[str]:
    """Start a Prometheus that reads the portal with its token, and judges by the shipped rules."""
    settings.METRICS_TOKEN = TOKEN
    (tmp_path / "token").write_text(TOKEN)
    target = live_server.url.removeprefix("http://")
    (tmp_path / "prometheus.yml").write_text(
        f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{RULES}"]
scrape_configs:
  - job_name: portal
    authorization: {{credentials_file: "{tmp_path / "token"}"}}
    static_configs: [{{targets: ["{target}"]}}]
"""
    )
    (port,) = free_ports(1)
    command = [program("prometheus"), f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}"]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stderr=log) as running,
    ):
        yield f"http://127.0.0.1:{port}"
        running.terminate()


def firing(prometheus: str) -> set[tuple[str, str]]:
    """Return which alerts fire, and of which certificate; nothing while it only starts."""
    try:
        answer: dict[str, Any] = requests.get(f"{prometheus}/api/v1/alerts", timeout=10).json()
    except (requests.ConnectionError, ValueError):
        return set()
    found = answer.get("data", {}).get("alerts", [])
    return {(one["labels"]["alertname"], one["labels"].get("name", "")) for one in found if one["state"] == "firing"}


def test_what_is_to_be_added_to_a_configuration_is_taken_and_names_all_three(tmp_path: Path) -> None:
    config = tmp_path / "prometheus.yml"
    config.write_text(f'rule_files: ["{RULES}"]\n{SCRAPE.read_text()}')
    checked = subprocess.run([program("promtool"), "check", "config", "--syntax-only", config], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert [job["job_name"] for job in yaml.safe_load(config.read_text())["scrape_configs"]] == [
        "publisher-portal",
        "publisher-portal-xds",
        "publisher-portal-agent",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_prometheus_reads_it_and_fires_the_shipped_rule(prometheus: str) -> None:
    make_certificate("well")
    version = make_certificate("ended").versions.get()
    CertificateVersion.objects.filter(pk=version.pk).update(not_after=timezone.now() - timedelta(hours=1))
    until = time.monotonic() + WITHIN_SECONDS
    while not (fired := firing(prometheus)) and time.monotonic() < until:
        time.sleep(0.2)
    assert fired == {("PortalCertificateExpired", "ended")}
