"""Policy documents of a configuration file: of all APIs, of an API, of an operation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext_lazy

from apis.actions import NotOverHttp, PasswordMissing
from apis.forms import NOT_OVER_HTTP
from apis.models import Api, Operation
from apis.policies.actions import put_api_document, put_operation_document, put_service_document
from apis.policies.models import MOST_CHARACTERS, ServicePolicy
from apis.policies.proving import Unsuitable
from apis.policies.words import in_words
from apis.policy import UnreadablePolicy
from apis.security_form import ENTER_THE_PASSWORD
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.sections.section import Setting
from rest.configuration.shape import making
from rest.envelope import Fault, Invalid


def shape() -> making.Shape:
    """Return what a document may look like."""
    return making.text(longest=MOST_CHARACTERS, about="The policy document; empty: none of its own.")


def put_on_api(context: Context, api: Api, text: str, place: str) -> Api:
    """Do what a document says of an API.

    :raises Invalid: saying what of it cannot be
    """
    with _refusing(place):
        return put_api_document(api, text, **context.stamp)


def put_on_operation(context: Context, row: Operation, text: str, place: str) -> None:
    """Give an operation a document of its own, unless it has it.

    :raises Invalid: saying what of it cannot be
    """
    if row.document != text:
        with _refusing(place):
            put_operation_document(row, text, **context.stamp)


@contextmanager
def _refusing(place: str) -> Iterator[None]:
    try:
        yield
    except UnreadablePolicy as refusal:
        raise Invalid(Fault(place, in_words(refusal.sentence))) from refusal
    except Unsuitable as refusal:
        raise Invalid(Fault(place, str(refusal))) from refusal
    except NotOverHttp as refusal:
        raise Invalid(Fault(place, NOT_OVER_HTTP)) from refusal
    except PasswordMissing as refusal:
        raise Invalid(Fault(place, ENTER_THE_PASSWORD)) from refusal


def _show() -> Document:
    return {"document": ServicePolicy.current().document}


def _apply(context: Context, wanted: Document, place: str) -> None:
    with _refusing(f"{place}document"):
        put_service_document(wanted["document"], **context.stamp)


POLICY = Setting(
    name="policy",
    label=gettext_lazy("Policy of all APIs"),
    shape=lambda: making.record({"document": shape()}),
    show=_show,
    apply=_apply,
    labels=lambda: {"document": gettext_lazy("Policy")},
)
