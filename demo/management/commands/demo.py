"""`manage.py demo prepare|run`: the demonstration of `make run`."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from apis import actions
from apis.models import Api, Credentials, KeyKind, Subscription, SubscriptionState
from certificates.sealing import Secret
from demo import backend, identities
from portal.installation import readable_password
from portal.locations import url_of
from portal.models import Activity, Event

_NAME = "orders"
_SUBSCRIPTION = "demo"


class Command(BaseCommand):
    help = "The demonstration: a back end that accepts mutual TLS only, an API that calls it, and a client certificate to upload."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("prepare", help="make its certificates, its API and its subscription where they are missing; say how to try it")
        verbs.add_parser("run", help="serve the back end on DEMO_BACKEND_ADDRESS until ended")

    def handle(self, *_args: Any, verb: str, **_options: Any) -> str | None:
        folder = identities.Folder(Path(settings.PORTAL_HOME) / "demo")
        if verb == "prepare":
            return "\n".join(_prepare(folder))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # the first process of a container does not end by it otherwise
        backend.serve(folder, settings.DEMO_BACKEND_HOST, settings.DEMO_BACKEND_PORT)
        return None


def _prepare(folder: identities.Folder) -> list[str]:
    """Make what is missing and return the lines that say how to try it."""
    identities.prepare(folder, host=settings.DEMO_BACKEND_HOST, password=Secret(readable_password().encode()))
    service_url = url_of(settings.DEMO_BACKEND_HOST, settings.DEMO_BACKEND_PORT, scheme="https")
    if not Activity.objects.filter(event=Event.API_CREATED, subject_name=_NAME).exists():  # never again, if somebody deleted it
        _make_api(service_url, trusted_ca=folder.authority.read_text(encoding="ascii"))
    lines = [
        f"Back end      {service_url}/ (answers only to client certificates of {folder.authority})",
        f"Its log       {folder.log}",
        f"Certificate   {folder.client}",
        f"Its password  {folder.client_password.read_text(encoding='ascii')}",
    ]
    return lines + _how_to_try()


def _make_api(service_url: str, *, trusted_ca: str) -> None:
    """Add the API as a newcomer would: everything but the client certificate, so that the back end refuses its calls at first."""
    now = timezone.now()
    chosen = actions.ApiSettings(
        display_name="Orders",
        service_url=service_url,
        path=_NAME,
        description="The demonstration's API. Its back end accepts only calls with a client certificate that it knows.",
    )
    api = actions.create_api(_NAME, chosen, counted=True, by=None, now=now)
    actions.add_operation(api, name="everything", display_name="Everything", method="*", url_template="/*", by=None, now=now)
    trust = actions.ApiSecurity(credentials=Credentials.NONE, trusted_ca=trusted_ca)
    actions.secure_api(api, trust, by=None, now=now)
    actions.create_subscription(name=_SUBSCRIPTION, display_name="Demonstration", api=None, by=None, now=now)


def _how_to_try() -> list[str]:
    """Return the call to try, with a real key, and what to do for it to succeed."""
    api = Api.objects.filter(name=_NAME).first()
    subscription = Subscription.objects.filter(name=_SUBSCRIPTION, state=SubscriptionState.ACTIVE).first()
    if api is None or subscription is None:
        return []
    gateway = url_of(settings.GATEWAY_HOST, settings.GATEWAY_PORT)
    key = actions.show_keys(subscription, by=None, now=timezone.now())[KeyKind.PRIMARY].value.decode()
    return [
        "",
        "Try it        the call below is refused by the back end until you",
        "              1. upload the certificate: Security → Client certificates → Upload certificate",
        "              2. choose it: APIs → Orders → Security → With credentials: Client certificates → Save",
        "",
        f"curl -i {gateway}/{api.path}/1 -H 'Ocp-Apim-Subscription-Key: {key}'",
        "",
    ]
