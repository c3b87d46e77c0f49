"""How forms are rendered, and the forms of the frame."""

from django.conf import settings
from django.forms import ChoiceField, Form, RadioSelect
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _

from portal.models import Theme


class PortalRenderer(TemplatesSetting):
    """Fields look as ``templates/django/forms/field.html`` says; ``{{ form.field.as_field_group }}`` renders one."""


class PreferencesForm(Form):
    """Language and theme of one person."""

    language = ChoiceField(label=_("Language"), choices=settings.LANGUAGES, widget=RadioSelect)
    theme = ChoiceField(label=_("Theme"), choices=Theme, widget=RadioSelect)
