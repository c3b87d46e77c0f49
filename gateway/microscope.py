"""Looks at a back end for a connection test (:mod:`apis.microscope`): from every connected gateway, and from the portal itself."""

from __future__ import annotations

import functools
from dataclasses import replace

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from apis.handshake.of_backend import question_about
from apis.handshake.question import Question
from apis.handshake.shaking import shake_hands
from apis.microscope.sights import Around, Place, Sight
from apis.microscope.subject import Subject
from certificates.identity import Identity
from certificates.models import CertificateVersion
from certificates.sealing import SealingError
from gateway.agent.envoy import trust_bundle
from gateway.models import Gateway
from gateway.probes import Manner, NoAnswer, ask

_MOST_GATEWAYS = 12  # of a fleet, those whose names come first
_SECONDS = 10.0


def places(subject: Subject) -> Around:
    """Return from where there is to look, gateways first: theirs is the place that calls come from. Nowhere, where there is no TLS."""
    if subject.api.is_plain_http or not subject.api.has_backend:
        return Around([])
    question = question_about(subject.backend, path=subject.path, allowed=settings.ALLOWED_BACKEND_NETWORKS)
    presented = subject.presented
    gateways = [one for one in Gateway.objects.with_presence().order_by("name") if one.is_connected]
    there = [Place(one.name, functools.partial(_from_gateway, one, question, presented)) for one in gateways[:_MOST_GATEWAYS]]
    try:
        identity = presented.identity() if presented else None
    except SealingError:
        return Around([*there, Place("", _not_opened)], len(gateways))
    return Around([*there, Place("", functools.partial(_from_here, question, identity))], len(gateways))


def _from_gateway(gateway: Gateway, question: Question, presented: CertificateVersion | None) -> Sight:
    """Ask *gateway*; in a thread of its own, with a connection to the database of its own."""
    manner = Manner(path=question.path, older_servers=question.older_servers, asks_later=question.asks_later, closely=question.closely)
    try:
        seen = ask(gateway, question.target, version=presented, manner=manner, seconds=_SECONDS)
    except NoAnswer as error:
        return Sight(gateway=gateway.name, seen=None, said=str(error))
    finally:
        connection.close()
    return Sight(gateway=gateway.name, seen=seen)


def _not_opened() -> Sight:
    return Sight(gateway="", seen=None, said=_("The private key of the client certificate does not open. Replace it."))


def _from_here(question: Question, identity: Identity | None) -> Sight:
    """Look from the portal; in a thread of its own, without the database."""
    if identity:
        question = replace(question, certificate=identity.certificate_chain_pem, private_key=identity.private_key_pem)
    return Sight(gateway="", seen=shake_hands(question, bundle=trust_bundle()))
