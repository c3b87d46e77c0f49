"""“Test this connection”: from the Security tab, with what is in its form; from the Settings tab; from a call that has failed.

And before there is an API, or beside all of them: from the pages that add one, and from those of a back end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from apis.access import may
from apis.backends.forms import BackEndForm
from apis.backends.models import BackEnd
from apis.connection import Trial, try_connection
from apis.forms import NewApiForm, SettingsForm
from apis.microscope.findings import Finding, findings_of
from apis.microscope.sights import look
from apis.microscope.subject import Subject, as_saved, leading_to, new_back_end, with_security, with_service_url
from apis.models import Api
from apis.security_form import SecurityForm
from apis.views.common import OK, UNPROCESSABLE, api_of, tab
from portal.http import PortalRequest, wants_fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTest:
    """What a test has come to.

    :ivar trial: of a call through the gateway; ``None``: none was made, because what is tested is not saved
    :ivar gateways: how many are connected; of a fleet only the first are asked
    """

    subject: Subject
    at: datetime
    trial: Trial | None
    findings: list[Finding]
    gateways: int

    @property
    def asked(self) -> int:
        """How many gateways were asked."""
        return sum(1 for finding in self.findings if finding.gateway)

    @property
    def first(self) -> Finding | None:
        """What counts if there was no call: the first gateway's finding, or where there is none the portal's."""
        return self.findings[0] if self.findings else None

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields of the Security tab that amount to the same test with another certificate, which is named beside them."""
        api = self.subject.api
        switched_on = ("validate_certificate_chain", "validate_certificate_name", "asks_later", "older_servers")
        texts = [("protocol", api.protocol), ("trusted_ca", api.trusted_ca), ("revision", str(api.revision))]
        return [("credentials", "client-certificate"), *texts, *((name, "on") for name in switched_on if getattr(api, name))]


@sensitive_post_parameters("password", "shared_secret", "client_secret", "trusted_ca")
@sensitive_variables("form")
@require_POST
@may("apis.change_api")
def test_connection(request: PortalRequest, name: str) -> HttpResponse:
    """Look at the back end from everywhere, call it through the gateway if what is asked for is saved, and say what came of it."""
    api = api_of(name)
    if "service_url" in request.POST:
        return _with_settings(request, api)
    form = SecurityForm(request.POST if "credentials" in request.POST else None, api=api)
    if form.is_bound and not form.is_valid():
        return _shown(request, api, "security", form, status=UNPROCESSABLE)
    subject = with_security(api, form.chosen()) if form.is_bound else as_saved(api)
    return _shown(request, api, "security", form, test=carry_out(subject))


def _with_settings(request: PortalRequest, api: Api) -> HttpResponse:
    """Test with where the Settings tab leads."""
    form = SettingsForm(request.POST, api=api)
    subject = _where_it_leads(form, api)
    if subject is None:
        return _shown(request, api, "settings", form, status=UNPROCESSABLE)
    return _shown(request, api, "settings", form, test=carry_out(subject))


@require_POST
@may("apis.add_api")
def test_new_api(request: PortalRequest) -> HttpResponse:
    """Test with where a new API would lead, before it is added."""
    form = NewApiForm(request.POST)
    return _of_form(request, "apis/new.html", form, _where_it_leads(form, Api()))


@sensitive_post_parameters("password", "shared_secret", "client_secret", "trusted_ca")
@sensitive_variables("form")
@require_POST
@may("apis.add_api")
def test_new_back_end(request: PortalRequest) -> HttpResponse:
    """Test the first address of a new back end, before it is added."""
    return _of_back_end(request, BackEndForm(request.POST), "backends/new.html")


@sensitive_post_parameters("password", "shared_secret", "client_secret", "trusted_ca")
@sensitive_variables("form")
@require_POST
@may("apis.change_api")
def test_back_end(request: PortalRequest, name: str) -> HttpResponse:
    """Test the first address of a back end with what is in its form; without any, as it is saved."""
    back_end = get_object_or_404(BackEnd.objects.select_related("certificate__current"), name=name)
    shown = {"back_end": back_end, "used_by": back_end.apis.count()}
    if "addresses" in request.POST and not back_end.is_pool:
        return _of_back_end(request, BackEndForm(request.POST, back_end=back_end), "backends/edit.html", **shown)
    return _of_form(request, "backends/edit.html", BackEndForm(back_end=back_end), leading_to(Api(), back_end), **shown)


def _of_back_end(request: PortalRequest, form: BackEndForm, template: str, **shown: Any) -> HttpResponse:
    subject = new_back_end(form.cleaned_data["lines"][0].url, form.chosen()) if form.is_valid() else None
    return _of_form(request, template, form, subject, **shown)


def _where_it_leads(form: SettingsForm, api: Api) -> Subject | None:
    """Return what is to be tested by the two fields that say so; what is wrong with the others is another matter. ``None``: with these."""
    form.full_clean()
    if {"service_url", "back_end"} & form.errors.keys():
        return None
    back_end = form.cleaned_data["back_end"]
    return leading_to(api, back_end) if back_end else with_service_url(api, form.cleaned_data["service_url"])


def _of_form(request: PortalRequest, template: str, form: Form, subject: Subject | None, **shown: Any) -> HttpResponse:
    """Answer the page of *form* with what was found of *subject*; to htmx what was found alone. ``None``: with what is wrong."""
    status = OK if subject else UNPROCESSABLE
    found = {"test": carry_out(subject)} if subject else {}
    if wants_fragment(request):
        template = "apis/microscope/_test.html" if found else "_error_summary.html"
    return render(request, template, {"form": form} | shown | found, status=status)


def carry_out(subject: Subject) -> ConnectionTest:
    """Test the connection of *subject*.

    :raises portal.turns.Busy: if too many tests are under way
    """
    sights, gateways, trial = look(subject, lambda: try_connection(subject.api) if subject.is_saved else None)
    return ConnectionTest(subject=subject, at=timezone.now(), trial=trial, findings=findings_of(subject, sights), gateways=gateways)


def _shown(
    request: PortalRequest, api: Api, which: str, form: SecurityForm | SettingsForm, *, status: int = OK, **context: Any
) -> HttpResponse:
    """Show the tab *which* with what was typed, and what was found; to htmx what was found alone."""
    if wants_fragment(request):
        template = "apis/microscope/_test.html" if "test" in context else "_error_summary.html"
        return render(request, template, {"api": api, "form": form} | context, status=status)
    return tab(request, api, which, status=status, form=form, **context)
