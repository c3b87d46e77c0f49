"""The connection test from a gateway's own place, beside what the gateway itself makes of a call."""

from __future__ import annotations

import html
import ssl

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from apis import actions
from apis.models import Api, Credentials
from gateway.models import Gateway, Probe
from kit.issuing import Issued, issue
from kit.ports import free_ports
from portal.models import Activity
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_certificate, make_failed_call, make_gateway

TEST = "/apis/orders/security/test/"


def present(api: Api, issued: Issued, *, name: str, trusted: Issued) -> int:
    """Have *api* present a certificate; return the number of the change."""
    chosen = actions.ApiSecurity(
        credentials=Credentials.CLIENT_CERTIFICATE, certificate=make_certificate(name, issued=issued), trusted_ca=trusted.pem
    )
    actions.secure_api(api, chosen, by=None, now=timezone.now())
    return Activity.objects.latest("pk").pk


@pytest.mark.any_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_gateway_and_the_portal_see_the_same_refusal_and_name_the_alert(
    plant: Plant, signed_in: Client, settings: Settings, server_certificate: Issued, authority: Issued, newest: ssl.TLSVersion
) -> None:
    settings.GATEWAY_HOST, settings.GATEWAY_PORT = "127.0.0.1", plant.port
    gateway = eventually(lambda: Gateway.objects.filter(disconnected_at=None).first())
    with Backend(server_certificate, authority, newest=newest) as backend:
        api = make_api("orders", service_url=f"https://localhost:{backend.port}")
        change = present(api, issue("stranger", by=issue("Another authority", authority=True)), name="stranger", trusted=authority)
        eventually(lambda: plant.applied(change))
        refused = html.unescape(signed_in.post(TEST).content.decode())
        fields = {"credentials": "client-certificate", "certificate": "fitting", "trusted_ca": authority.pem, "revision": "1"}
        make_certificate("fitting", issued=issue("fitting", by=authority))
        switches = {"protocol": "auto", "validate_certificate_chain": "on", "validate_certificate_name": "on"}
        accepted = html.unescape(signed_in.post(TEST, fields | switches).content.decode())
    assert f"From the gateway {gateway.name}" in refused
    assert refused.count("48 unknown_ca") >= 2, "from the gateway and from the portal"
    assert "Tested with what is saved" in refused
    assert "which is not saved" in accepted
    assert accepted.count(">Accepted<") >= 2
    assert not Probe.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("language", "words"), [("en", "The first 12 of 13 gateways, by name."), ("zh-hans", "13 个网关中按名称排序的前 12 个。")]
)
def test_of_a_fleet_the_page_says_which_gateways_were_asked(
    signed_in: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    monkeypatch.setattr("gateway.microscope._SECONDS", 0.1)  # nobody answers for these gateways
    settings.GATEWAY_HOST, settings.GATEWAY_PORT = "127.0.0.1", free_ports(1)[0]
    signed_in.cookies["django_language"] = language
    make_api("orders", service_url=f"https://127.0.0.1:{free_ports(1)[0]}")
    for number in range(12, 0, -1):
        make_gateway(f"edge-{number:02}")
    make_gateway("away", connected=False)
    page = signed_in.post(TEST).content.decode()
    assert ("<bdi>edge-12</bdi><small>" in page, words.replace("13", "12") in page) == (True, False)
    make_gateway("a-new-one")
    page = signed_in.post(TEST).content.decode()
    assert words in page
    assert ("<bdi>a-new-one</bdi><small>" in page, "<bdi>edge-12</bdi><small>" in page) == (True, False)


@pytest.mark.django_db
def test_a_failed_call_and_its_cause_lead_to_the_test(signed_in: Client) -> None:
    make_failed_call(api=make_api("orders"))
    for page in ("/failures/", "/failures/5f3c-1/"):
        assert f'action="{TEST}"' in signed_in.get(page).content.decode()
