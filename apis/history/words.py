"""What the forms call the fields that lines about APIs and subscriptions name."""

from __future__ import annotations

import functools
from typing import Any

from django.utils.translation import gettext_lazy as _

_OTHER_NAMES = {
    "key_header": _("Header of the subscription key"),  # set by the management REST API alone, so that no form names them
    "key_query": _("Query parameter of the subscription key"),
    "trusted_ca": _("Certificates of the trusted authority"),  # beside their entry, the form calls what is pasted another one
    "caller_authorities": _("Certificates of the callers' authority"),
}


@functools.cache  # the labels are lazy, and read for each value that is shown
def of_apis() -> dict[str, Any]:
    """Return the labels of an API's tabs, by field."""
    from apis.callers_form import CallersForm
    from apis.calls_form import CallsForm
    from apis.forms import SettingsForm
    from apis.security_form import SecurityForm

    forms = (SettingsForm, SecurityForm, CallersForm, CallsForm)
    return {name: field.label for form in forms for name, field in form.base_fields.items() if field.label} | _OTHER_NAMES


def of_operations() -> dict[str, Any]:
    """Return the labels of the form of operations, by field."""
    from apis.forms import OperationForm

    return {name: field.label for name, field in OperationForm.base_fields.items()}


def of_subscriptions() -> dict[str, Any]:
    """Return the labels of the form of subscriptions, by field."""
    from apis.subscription_form import SubscriptionForm

    return {name: field.label for name, field in SubscriptionForm.base_fields.items()} | {"api": _("Scope")}
