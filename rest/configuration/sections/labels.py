"""What people call the fields of a form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.forms import Form, ModelForm
from django.utils.functional import Promise

Declared = type["Form | ModelForm[Any]"]


def labels_of(*forms: Declared, without: Iterable[str] = ()) -> dict[str, str | Promise]:
    """Return the labels of the fields of *forms*."""
    fields = {name: field for form in forms for name, field in form.base_fields.items()}
    return {name: field.label for name, field in fields.items() if field.label and name not in without}
