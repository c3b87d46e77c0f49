"""What signing in demands, in a configuration file."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from portal.roles import Role
from portal.signin import second_factors
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.sections.section import Setting
from rest.configuration.shape import making


def _show() -> Document:
    return {"second_factor": sorted(second_factors.demanding_roles())}


def _apply(context: Context, wanted: Document, place: str) -> None:  # noqa: ARG001 - of every setting
    second_factors.demand(set(wanted["second_factor"]), **context.stamp)


def _shape() -> Any:
    about = "Roles whose people have to have a second factor."
    return making.record({"second_factor": making.several(making.text(choices=Role.values), about)})


SIGN_IN = Setting(
    name="sign_in",
    label=gettext_lazy("Sign-in settings"),
    shape=_shape,
    show=_show,
    apply=_apply,
    labels=lambda: {"second_factor": gettext_lazy("Second factor")},
)
