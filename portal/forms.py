"""How forms are rendered, and the forms of the frame."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q
from django.forms import CharField, ChoiceField, Form, RadioSelect, SearchInput
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from portal.activity import PERSONAL_KINDS, lines_for
from portal.guesses import counted
from portal.models import GuessKind, Theme
from portal.private_keys import holds_private_key
from portal.subjects import KINDS

SYSTEM = "-"  # what the filter calls changes that no person made


class PortalRenderer(TemplatesSetting):
    """Fields look as ``templates/django/forms/field.html`` says; ``{{ form.field.as_field_group }}`` renders one.

    A private key that was pasted into a wrong field, whichever, does not come back in the page.
    """

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """Return a form, a field or a widget as HTML."""
        widget = context.get("widget")
        if widget and isinstance(value := widget.get("value"), str) and holds_private_key(value):
            context = context | {"widget": widget | {"value": ""}}
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


class ActivityFilter(Form):
    """What narrows the activity log."""

    q = CharField(label=_("Subject"), required=False, max_length=300, widget=SearchInput)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        """Offer the kinds that *reader* may read of, and whose lines there are; who manages people sees all."""
        super().__init__(*args, **kwargs)
        manages_people = reader.has_perm("auth.view_user")
        kinds = [(kind, label) for kind, (label, _icon) in KINDS.items() if manages_people or kind not in PERSONAL_KINDS]
        named = (
            User.objects.all()
            if manages_people
            else User.objects.filter(Exists(lines_for(reader).filter(actor=OuterRef("pk"))) | Q(pk=reader.pk))
        )
        people = [(name, name) for name in named.order_by("username").values_list("username", flat=True)]
        self.fields["kind"] = ChoiceField(label=_("Kind"), required=False, choices=[("", _("Everything")), *kinds])
        self.fields["who"] = ChoiceField(
            label=_("Person"), required=False, choices=[("", _("Everybody")), (SYSTEM, _("The system")), *people]
        )
