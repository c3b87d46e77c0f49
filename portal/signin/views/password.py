"""A new password: one's own in exchange for the old one, or by a link in a mail for one that was forgotten."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordChangeView, PasswordResetConfirmView, PasswordResetView
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from portal.activity import record
from portal.activity.people import Account
from portal.forms import PasswordForm
from portal.guesses import counted
from portal.models import Event, GuessKind
from portal.responses import see_other
from portal.signin.forms import ForgottenForm
from portal.signin.mail import mail_is_set
from portal.signin.views.common import UNPROCESSABLE


class ChangePassword(PasswordChangeView):
    """Change one's own password; other sessions of the person end."""

    success_url = reverse_lazy("preferences")
    form_class = PasswordForm
    template_name = "signin/password.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form count failures."""
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Save it, with its line in the log, and say that it is done."""
        with transaction.atomic():
            super().form_valid(form)
            _note(form.user)
        messages.success(self.request, _("Your password was changed. You have been signed out everywhere else."))
        return see_other("preferences")

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        """Answer a refused password with 422."""
        return _refused(super().form_invalid(form))


@method_decorator(login_not_required, name="dispatch")
class ForgottenPassword(PasswordResetView):
    """Send a link for a new password, where there is a mail server. The answer is the same whether anybody has the address."""

    form_class = ForgottenForm
    template_name = "signin/forgotten.html"
    subject_template_name = "signin/forgotten_subject.txt"
    email_template_name = "signin/forgotten_mail.txt"
    success_url = reverse_lazy("login")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Be there only where mail is set."""
        if not mail_is_set():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """Send it; each mail counts as a guess that was wrong, so that nobody is flooded.

        From however many addresses they are asked for: beyond so many none is sent, for the links that were sent work still.
        """
        with counted(GuessKind.RESET, form.cleaned_data["email"].lower(), self.request) as asked:
            if not asked.beyond:
                super().form_valid(form)
        messages.success(self.request, _("If an account has this address, a link is on its way. It works once, for half an hour."))
        return see_other("login")

    def form_invalid(self, form: Any) -> HttpResponse:
        """Answer what is no address with 422."""
        return _refused(super().form_invalid(form))


@method_decorator(login_not_required, name="dispatch")
class NewPassword(PasswordResetConfirmView):
    """Where the link in the mail leads: choose a new password. It signs nobody in, so a second factor is still asked for."""

    template_name = "signin/new_password.html"
    success_url = reverse_lazy("login")

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count links that are wrong or used up, each at the account that it names."""
        request: HttpRequest = args[0]
        with counted(GuessKind.RESET, str(kwargs["uidb64"]), request) as guess:
            response = super().dispatch(*args, **kwargs)
            guess.right = self.validlink or response.status_code != 200  # noqa: PLR2004 - the page that says that it does not work
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        """Save it, with its line in the log, and say that it is done."""
        with transaction.atomic():
            super().form_valid(form)
            _note(form.user)
        messages.success(self.request, _("Your new password is set. Sign in with it."))
        return see_other("login")

    def form_invalid(self, form: Any) -> HttpResponse:
        """Answer a refused password with 422."""
        return _refused(super().form_invalid(form))


def _note(user: User) -> None:
    record(Event.PERSON_PASSWORD_SET, Account.of(user), by=user, at=timezone.now())


def _refused(response: HttpResponse) -> HttpResponse:
    response.status_code = UNPROCESSABLE
    return response
