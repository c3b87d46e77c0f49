"""Who comes in with a company account, and as what.

An account belongs to the provider's *subject* (OpenID Connect Core 1.0, 2): addresses and names may be given to somebody else one day,
and need not have been verified. Nobody else's account is taken over by them.
"""

from __future__ import annotations

import logging
import re
import time
from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from requests import RequestException

from portal import errors
from portal.activity import record
from portal.activity.people import Account
from portal.administrators import LastAdministrator, changing_administrators
from portal.characters import shown
from portal.models import Event
from portal.people.actions import settle
from portal.people.standing import Standing
from portal.responses import SeeOther, see_other
from portal.signin.company_time import proved_at
from portal.signin.confirming import is_confirmed, note_confirmation
from portal.signin.providers import Provider

log = logging.getLogger(__name__)

# A provider that cannot be reached, or answers something else than the specification says: allauth looks for it at the end only.
NO_ANSWER = (RequestException, OAuth2Error, LookupError, TypeError, ValueError)


_DISCOVERED_SECONDS = 300
_discovered: dict[str, tuple[float, dict[str, Any]]] = {}  # by address: until when, and what


class CompanyAdapter(DefaultSocialAccountAdapter):
    """Company accounts as allauth asks about them."""

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[SocialApp]:  # noqa: ARG002 - allauth's
        """Return the providers of the environment alone: the database holds none, nor their secrets."""
        named = (one for one in settings.OIDC_PROVIDERS.values() if provider in {None, "openid_connect", one.id})
        return [_app(one) for one in named if client_id in {None, one.client_id}]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:  # noqa: ARG002 - allauth's
        """Let in whoever the provider knows; without a role they see whom to ask."""
        return True

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """Return the person as the provider describes them; addresses are not kept apart, for nothing goes by them."""
        sociallogin.email_addresses = []
        user: User = super().populate_user(request, sociallogin, data)
        user.first_name, user.last_name = shown(user.first_name)[:150], shown(user.last_name)[:150]
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Give somebody who has been here before the role of today; who has only confirmed who they are goes back to where they were.

        :raises ImmediateHttpResponse: with the page to go on to, or if the provider's two answers are about different people
        """
        if not _is_one_subject(sociallogin):
            _refuse(request, sociallogin.account.provider, "two subjects")
        if sociallogin.is_existing:
            take_role(sociallogin)
        if person := sociallogin.state["data"]["confirms"]:
            raise ImmediateHttpResponse(_confirmed(request, sociallogin, person))

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Keep somebody new, with their role."""
        with transaction.atomic():
            user: User = super().save_user(request, sociallogin, form)
            provider = sociallogin.account.provider
            record(Event.COMPANY_ACCOUNT_MADE, Account.of(user), by=None, at=timezone.now(), provider=provider)
            take_role(sociallogin)
        return user

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Exception | None = None, **_options: Any
    ) -> None:
        """Say that it did not work, on a page of ours; the log has the reason.

        :raises ImmediateHttpResponse: always
        """
        _refuse(request, provider.sub_id, exception or error)


class TokenEndpoint(OpenIDConnectOAuth2Adapter):
    """Where a code is exchanged for what the provider says."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return what the provider says of itself (Discovery 1.0, 4), asked for now and then, not each time."""
        address, now = self.get_provider().server_url, time.monotonic()
        if address not in _discovered or _discovered[address][0] < now:
            _discovered[address] = (now + _DISCOVERED_SECONDS, super().openid_config)
        return _discovered[address][1]

    @property
    def basic_auth(self) -> bool:
        """Whether the client's secret goes into the header, which is what a provider takes that says nothing (Discovery 1.0, 3)."""
        methods = self.openid_config.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return "client_secret_basic" in methods


def company_refused(request: HttpRequest, provider_id: str, failure: Any) -> HttpResponse:
    """Answer that signing in by a provider did not work; the log has the reason."""
    log.error("Signing in by %s failed: %s", provider_id, _reason(request, failure))
    return errors.company_refused(request, provider=settings.OIDC_PROVIDERS[provider_id].name)


def _confirmed(request: HttpRequest, sociallogin: SocialLogin, person: int) -> HttpResponse:
    """Answer somebody who was signed in as *person* and has been to the provider to say so once more (OpenID Connect Core 1.0, 3.1.2.1)."""
    provider: Provider = settings.OIDC_PROVIDERS[sociallogin.account.provider]
    if not request.session.exists(request.session.session_key or ""):  # with another role it has ended
        logout(request)
        return see_other("login")
    if not sociallogin.is_existing or not request.user.pk == person == sociallogin.user.pk:
        return errors.company_of_another(request, provider=provider.name)
    note_confirmation(request, at=proved_at(sociallogin, anew=True))
    if not is_confirmed(request):
        log.error("%s did not have somebody sign in anew, or does not say when they did (auth_time).", provider.id)
        return errors.company_not_anew(request, provider=provider.name)
    request.session.cycle_key()
    return SeeOther(sociallogin.state["next"])


def take_role(sociallogin: SocialLogin) -> None:
    """Give the person exactly the role that the claims of this sign-in give, if roles are given by claims at all.

    The last administrator stays one, and the log says so.
    """
    provider: Provider = settings.OIDC_PROVIDERS[sociallogin.account.provider]
    if not provider.roles:
        return
    role = provider.role_of(_claims(sociallogin))
    try:
        with changing_administrators(by_provider=True):
            _give(sociallogin.user, role, provider)
    except LastAdministrator:
        log.warning("%s stays an administrator although %s says otherwise: there would be none.", shown(str(sociallogin.user)), provider.id)


def _give(user: User, role: str | None, provider: Provider) -> None:
    before = sorted(user.groups.values_list("name", flat=True))
    after = [role] if role else []
    if before != after:
        stood, now = Standing.of(user), timezone.now()
        user.groups.set(Group.objects.filter(name__in=after))
        record(Event.COMPANY_ROLE_TAKEN, Account.of(user), by=None, at=now, provider=provider.id, old=before, new=after)
        settle(user, stood, by=None, now=now)


def _refuse(request: HttpRequest, provider_id: str, failure: Any) -> NoReturn:
    raise ImmediateHttpResponse(company_refused(request, provider_id, failure))


def _reason(request: HttpRequest, failure: Any) -> str:
    """Return what failed, without the provider's answer, which may hold a token: the code of an error is all that is taken from it."""
    code = re.search(r"\berror\W{1,6}([a-z_]{3,40})\b", str(failure))
    what = failure if isinstance(failure, str) else type(failure).__name__
    told = (request.GET.get("error"), request.GET.get("error_description"), what, code and code[1])
    return shown(", ".join(part for part in told if part))[:300]


def _app(provider: Provider) -> SocialApp:
    return SocialApp(provider="openid_connect", **provider.for_allauth)


def _claims(sociallogin: SocialLogin) -> dict[str, Any]:
    """Return what the provider says: the ID token, which is signed, over the answer about the person."""
    said: dict[str, Any] = sociallogin.account.extra_data
    return {**said.get("userinfo", {}), **said.get("id_token", {})}


def _is_one_subject(sociallogin: SocialLogin) -> bool:
    """Return whether both are about the same subject (OpenID Connect Core 1.0, 5.3.2)."""
    said: dict[str, Any] = sociallogin.account.extra_data
    subjects = {str(said[part].get("sub")) for part in ("userinfo", "id_token") if said.get(part)}
    return subjects == {sociallogin.account.uid} and "id_token" in said
