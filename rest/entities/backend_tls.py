"""Which checks a back end's certificate has to pass, as clients write and compare it: ``tls``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from apis.backends.actions import BackEndSettings
    from apis.backends.models import BackEnd
    from rest.bodies import Properties

_TLS = "tls"
_CHAIN, _NAME = "validateCertificateChain", "validateCertificateName"


def shown(row: BackEnd) -> dict[str, bool] | None:
    """Return the checks: as they were sent, while they mean the same; ``None`` where all are made and none was named."""
    means = {_CHAIN: row.validate_certificate_chain, _NAME: row.validate_certificate_name}
    said = _said(row)
    return None if all(means.values()) and not said else means | said


def warnings(row: BackEnd) -> list[str]:
    """Return that a name is not checked without the chain, if that was asked for."""
    said = _said(row)
    if said.get(_NAME) and not said.get(_CHAIN, True):
        return [_("The gateway checks no name in a certificate whose chain it does not check, whatever tls.validateCertificateName says.")]
    return []


def read(sent: Properties, draft: BackEndSettings, before: BackEnd | None) -> BackEndSettings:
    """Return *draft* with the checks that were sent; those of *before* where none were, or else all."""
    if before and _TLS not in sent:
        return draft
    tls = sent.nested(_TLS)
    chain, name = tls.flag(_CHAIN, True), tls.flag(_NAME, True)
    said = {one: tls.values[one] for one in (_CHAIN, _NAME) if isinstance(tls.values.get(one), bool)}
    others = {one: value for one, value in draft.remarks.items() if one != _TLS}
    return replace(
        draft,
        validate_certificate_chain=chain,
        validate_certificate_name=chain and name,
        remarks=others | ({_TLS: said} if said else {}),
    )


def _said(row: BackEnd) -> dict[str, bool]:
    """Return the checks as they were sent, none once the back end makes others."""
    said: dict[str, bool] = row.remarks.get(_TLS, {})
    chain, name = said.get(_CHAIN, True), said.get(_NAME, True)
    return said if (chain, chain and name) == (row.validate_certificate_chain, row.validate_certificate_name) else {}
