"""What the form calls the fields that lines about back ends name."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _


def of_fields() -> dict[str, Any]:
    """Return the labels of the form, by field."""
    from apis.backends.forms import BackEndForm

    labels = {name: field.label for name, field in BackEndForm.base_fields.items() if field.label}
    return labels | {"trusted_ca": _("Certificates of the trusted authority"), "written_url": _("Address as it is written")}
