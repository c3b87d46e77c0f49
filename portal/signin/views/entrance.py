"""Signing in: the password, then a second factor if there is one; a passkey alone; a company account."""

from __future__ import annotations

from typing import Any

from allauth.account.utils import perform_login
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView, OAuth2View
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from portal.responses import SeeOther, see_other
from portal.signin.company import NO_ANSWER, TokenEndpoint, company_refused
from portal.signin.confirming import next_page
from portal.signin.forms import SignInForm
from portal.signin.mail import mail_is_set
from portal.signin.views.common import UNPROCESSABLE, Answers, as_json, passkeys_possible
from portal.turns import Turns

# Anybody can have a provider asked, which may be silent: so many threads at most hold on to that.
_turns = Turns(at_once=4, waiting=8, seconds=10)


class SignIn(LoginView):
    """The sign-in page. Failures are counted by :mod:`portal.guesses`."""

    template_name = "signin/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Go on: in, or to the second factor."""
        answer: HttpResponse = perform_login(self.request, form.get_user(), redirect_url=self.get_success_url())
        return answer

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Answer a failed sign-in with 422."""
        response = super().form_invalid(form)
        response.status_code = UNPROCESSABLE
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the other ways in."""
        ways = {
            "companies": settings.OIDC_PROVIDERS.values(),
            "passkeys_possible": passkeys_possible(self.request),
            "mail_is_set": mail_is_set(),
        }
        return super().get_context_data(**kwargs) | ways


class SecondFactor(AuthenticateView):
    """The second factor, after the password."""

    template_name = "signin/second_factor.html"

    def form_invalid(self, form: Any) -> HttpResponse:
        """Answer a wrong code with 422."""
        response: HttpResponse = super().form_invalid(form)
        response.status_code = UNPROCESSABLE
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the browser needs for a passkey, if there is one."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        options = context["js_data"]["request_options"]
        offered = bool(options["publicKey"].get("allowCredentials")) and passkeys_possible(self.request)
        return context | {"form": self._shown_form(), "passkey": as_json(options) if offered else ""}

    def _shown_form(self) -> Any:
        return self.webauthn_form if self.webauthn_form.is_bound and self.webauthn_form.errors else self.auth_form


class PasskeySignIn(Answers, LoginWebAuthnView):
    """A passkey alone: GET answers a script what the browser needs, POST takes what the browser made."""

    def form_invalid(self, form: Any) -> HttpResponse:  # noqa: ARG002 - Django's
        """Say on the sign-in page that it did not work."""
        messages.error(self.request, _("This passkey does not open an account here. Sign in with your password, or ask an Administrator."))
        return see_other("account_login")


class _ToProvider(OAuth2LoginView):
    """The way there. Of what the address asks nothing goes along: parameters of OpenID Connect are not the caller's to choose."""

    def dispatch(self, request: HttpRequest, *_arguments: Any, **_options: Any) -> HttpResponse:
        """Lead there."""
        person = request.user.pk if request.user.is_authenticated else None
        provider = self.get_provider()
        provider.oauth2_adapter_class = TokenEndpoint
        answer: HttpResponse = provider.redirect(
            request,
            process="login",
            next_url=next_page(request),
            data={"confirms": person},
            auth_params={"prompt": "login", "max_age": "0"} if person else {},
        )
        return answer


@login_not_required
@never_cache
@require_safe
def to_company(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider's page; with ``confirm`` whoever is signed in here signs in there anew."""
    if request.user.is_authenticated and "confirm" not in request.GET:
        return SeeOther(next_page(request))
    return _speak(_ToProvider, request, provider_id)


@login_not_required
@never_cache
@require_safe
def from_company(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take what the provider's page sends back."""
    return _speak(OAuth2CallbackView, request, provider_id)


@sensitive_variables()
def _speak(view: type[OAuth2View], request: HttpRequest, provider_id: str) -> HttpResponse:
    if provider_id not in settings.OIDC_PROVIDERS:
        raise Http404
    try:
        with _turns.turn():
            answer: HttpResponse = view.adapter_view(TokenEndpoint(request, provider_id))(request)
    except NO_ANSWER as failure:
        return company_refused(request, provider_id, failure)
    return answer
