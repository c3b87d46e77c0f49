"""How forms are rendered, and the forms of the frame."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm
from django.forms import ChoiceField, Form, RadioSelect
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from portal import selects
from portal.guesses import counted
from portal.models import GuessKind, Theme
from portal.private_keys import holds_private_key

SELECT = "django/forms/widgets/select.html"


class PortalRenderer(TemplatesSetting):
    """Fields look as ``templates/django/forms/field.html`` says; ``{{ form.field.as_field_group }}`` renders one.

    A private key that was pasted into a wrong field, whichever, does not come back in the page. Drop-downs are written without templates
    (:mod:`portal.selects`).
    """

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """Return a form, a field or a widget as HTML."""
        widget = context.get("widget")
        if widget and isinstance(value := widget.get("value"), str) and holds_private_key(value):
            context = context | {"widget": widget | {"value": ""}}
        if widget and template_name == SELECT:
            return selects.rendered(widget)
        return super().render(template_name, context, request)


class PreferencesForm(Form):
    """Language and theme of one person."""

    language = ChoiceField(label=_("Language"), choices=settings.LANGUAGES, widget=RadioSelect)
    theme = ChoiceField(label=_("Theme"), choices=Theme, widget=RadioSelect)


class PasswordForm(PasswordChangeForm):
    """One's own new password. Guesses at the old one count as failed sign-ins."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        """Come from where *request* comes from."""
        super().__init__(*args, **kwargs)
        self._request = request

    @sensitive_variables()
    def clean_old_password(self) -> str:
        """Check it.

        :raises portal.guesses.TooManyGuesses: after too many wrong ones
        """
        with counted(GuessKind.SIGN_IN, self.user.get_username(), self._request) as guess:
            password = super().clean_old_password()
            guess.right = True
        return password
