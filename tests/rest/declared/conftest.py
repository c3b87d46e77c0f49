"""A configuration that has something of everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apis import actions
from apis.actions import ApiCallers, ApiCalls
from apis.backends import actions as backend_actions
from apis.callers import CallerCertificate
from apis.calls import CorsChoice
from apis.models import Api, Credentials
from apis.named_values import actions as named_values
from apis.policies.actions import put_operation_document, put_service_document
from certificates.rollout.models import Rules
from certificates.sealing import Secret
from kit.issuing import issue
from notices import actions as notices
from portal.signin import second_factors
from rest.models import Remarks
from tests.makers import make_api, make_authority, make_certificate, make_channel, make_server_certificate, make_subscription

SETS = '<set-header name="{}" exists-action="override"><value>{}</value></set-header>'


@pytest.fixture
def rich(publisher: User) -> Api:
    """Store it; return the API that has everything."""
    now = timezone.now()
    certificate = make_certificate("client")
    Rules.objects.create(
        certificate=certificate, window_from=time(22), window_to=time(4), window_days=[5], sources="window", canary="orders"
    )
    notices.add_contact(certificate, person=publisher, by=None, now=now)
    notices.add_contact(certificate, address="team@example.com", language="zh-hans", by=None, now=now)
    make_server_certificate("api.example.com")
    root = make_authority("root", issue("Root", authority=True))
    chosen = actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=certificate, trusted_authority=root)
    api = actions.secure_api(make_api("orders"), chosen, by=None, now=now)
    cors = ApiCalls(idle_seconds=300, cors=CorsChoice.GATEWAY, cors_origins=("https://shop.example.com",), cors_methods=("PUT",))
    api = actions.change_calls(api, cors, by=None, now=now)
    let_in = ApiCallers(
        hosts=("api.example.com",), caller_certificate=CallerCertificate.REQUIRED, caller_authorities=issue("C", authority=True).pem
    )
    api = actions.change_callers(api, let_in, by=None, now=now)
    Remarks.objects.create(api=api, properties={"contact": {"name": "Ann"}, "protocols": ["https"]}, has_policy=True)
    Remarks.objects.create(operation=api.operations.get(), properties={"responses": [{"statusCode": 200, "description": "Found"}]})
    basic = actions.ApiSecurity(credentials=Credentials.BASIC, username="svc", password=Secret(b"hunter2"))
    named_values.create("stage", named_values.Chosen(display_name="stage", value=Secret(b"stage.example.com")), by=None, now=now)
    actions.secure_api(make_api("returns", service_url="http://{{stage}}/returns"), basic, by=None, now=now)
    Remarks.objects.create(subscription=make_subscription("shop", api=api), properties={"ownerId": "/users/1"})
    settings = backend_actions.BackEndSettings(
        url="https://elsewhere.example.com", spelled_url="https://ELSEWHERE.example.com/", title="E", by_url=True
    )
    backend_actions.create_back_end("elsewhere", settings, by=None, now=now)
    several = tuple({"url": "", "written": f"https://{{{{stage}}}}:{port}", "weight": 2, "priority": 0} for port in (8443, 9443))
    backend_actions.create_back_end("several", backend_actions.BackEndSettings(url="", addresses=several), by=None, now=now)
    make_channel("team")
    secret = named_values.Chosen(display_name="token", value=Secret(b"sesame"), secret=True, tags=("ours",))
    named_values.create("token", secret, by=None, now=now)
    by_name = Secret(b"{{token}}")
    actions.secure_api(make_api("refunds"), replace(basic, password=by_name), by=None, now=now)
    through = backend_actions.BackEndSettings(
        url="https://through.example.com", credentials=Credentials.BASIC, username="svc", password=by_name
    )
    backend_actions.create_back_end("through", through, by=None, now=now)
    put_service_document(f"<policies><inbound>{SETS.format('x-all', '{{token}}')}</inbound></policies>", by=None, now=now)
    own = f"<policies><inbound><base />{SETS.format('x-own', 'b')}</inbound></policies>"
    put_operation_document(api.operations.get(), own, by=None, now=now)
    notices.schedule(thresholds=[30, 0], weekly=None, by=None, now=now)
    second_factors.demand({"Administrators"}, by=None, now=now)
    return api
