"""Proofs that names are ours: by HTTP, which the portal answers; by DNS, where a program of the operator's writes the record."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from certificates.sources.acme.ordering import DNS_01, Proof
from certificates.sources.models import AcmeProof
from certificates.sources.trouble import Trouble, Why

PATH = "/.well-known/acme-challenge/"  # RFC 8555, 8.3
_HOOK_SECONDS = 120
_KEPT = timedelta(days=1)
_HANDED_ON = ("PATH", "HOME", "LANG", "TZ")  # of the environment: the rest holds the portal's secrets


class ByHttp:
    """The portal answers at ``/.well-known/acme-challenge/``, whatever host it is asked for."""

    def show(self, _name: str, token: str, validation: str) -> None:
        """Keep it where every process that answers finds it."""
        now = datetime.now(UTC)
        AcmeProof.objects.filter(made_at__lt=now - _KEPT).delete()  # of orders that were cut short
        AcmeProof.objects.update_or_create(token=token, defaults={"validation": validation, "made_at": now})

    def withdraw(self, _name: str, token: str, _validation: str) -> None:
        """Forget it."""
        AcmeProof.objects.filter(token=token).delete()


class ByDns:
    """``PORTAL_ACME_DNS_HOOK add NAME VALUE`` writes a TXT record and returns once it is seen; ``remove NAME VALUE`` takes it away."""

    def show(self, name: str, _token: str, validation: str) -> None:
        """Have the record written.

        :raises Trouble: if the program fails
        """
        if said := self._run("add", name, validation):
            raise Trouble(why=Why.HOOK, path=settings.ACME_DNS_HOOK, detail=said, field="challenge")

    def withdraw(self, name: str, _token: str, validation: str) -> None:
        """Have the record taken away; one that stays does no harm."""
        self._run("remove", name, validation)

    def _run(self, verb: str, name: str, value: str) -> str:
        """Return why the program has failed, empty if it has not."""
        command = [settings.ACME_DNS_HOOK, verb, f"_acme-challenge.{name.removeprefix('*.')}", value]
        environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
        try:
            ended = subprocess.run(  # noqa: S603 - the operator's program; the names are host names
                command, env=environment, capture_output=True, text=True, errors="replace", timeout=_HOOK_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return getattr(error, "strerror", None) or type(error).__name__
        return (ended.stderr.strip()[-300:] or f"exit status {ended.returncode}") if ended.returncode else ""


def proof_by(challenge: str) -> Proof:
    """Return where proofs of a kind of challenge are shown."""
    return ByDns() if challenge == DNS_01 else ByHttp()


class AcmeProofMiddleware:
    """Answers authorities, who come under the names that they check, which need not be the portal's own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Stand before *get_response*, and before all that looks at host names."""
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the proof, or pass the request on."""
        if not request.path.startswith(PATH):
            return self._get_response(request)
        found = AcmeProof.objects.filter(token=request.path.removeprefix(PATH).replace("\0", "")).first()
        if found is None or request.method not in {"GET", "HEAD"}:
            return HttpResponse("", status=404, content_type="text/plain")
        return HttpResponse(found.validation, content_type="application/octet-stream")
