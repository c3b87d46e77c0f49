"""Changes of certificates, whoever presents them, of authorities, and of what seals them."""

from __future__ import annotations

from random import Random

from django.utils import timezone

from apis.models import Api
from apis.moving import actions as moving
from apis.moving.models import Move, TriedMove
from certificates import actions
from certificates.authorities import actions as authorities
from certificates.authorities.models import Authority
from certificates.encryption import rewrap
from certificates.models import ClientCertificate, ServerCertificate
from certificates.rollout import actions as rollout
from certificates.rollout import destroying, steps
from certificates.rollout.models import Candidate, Outcome, Probation, Tried
from gateway.trying import HandshakeTrier
from kit.issuing import issue
from tests.gateway.changes.chance import done, one
from tests.makers import (
    bundle,
    make_server_certificate,
)

ISSUED = [issue(f"client-{number}") for number in range(40)]
SERVERS = [issue(f"server-{number}", hosts=(f"{number % 2}.example.com", "both.example.com")) for number in range(4)]
AUTHORITIES = [issue(f"authority-{number}", authority=True) for number in range(4)]


def certificate_uploaded(chance: Random) -> None:
    actions.upload(chance.choice(ISSUED).as_pfx(), **done())


def certificate_replaced(chance: Random) -> None:
    actions.renew(one(ClientCertificate, chance), chance.choice(ISSUED).as_pfx(), **done())


def certificate_rolled_back(chance: Random) -> None:
    actions.roll_back(one(ClientCertificate, chance), version=chance.randint(1, 3), **done())


def certificate_deleted(chance: Random) -> None:
    actions.delete(one(ClientCertificate, chance), **done())


def key_destroyed(chance: Random) -> None:
    destroying.destroy_key(one(ClientCertificate, chance), version=chance.randint(1, 3), **done())


def _candidate(chance: Random) -> Candidate:
    return rollout.propose(one(ClientCertificate, chance), chance.choice(ISSUED).as_pfx(), **done())


def switched(chance: Random) -> None:
    rollout.switch(_candidate(chance), **done())


def canary(chance: Random) -> None:
    candidate = _candidate(chance)
    api = one(Api, chance, certificate=candidate.certificate_id)
    rollout.switch(candidate, in_steps=steps.Steps(api.name, 5), **done())


def canary_goes_on(chance: Random) -> None:
    steps.go_on(one(Probation, chance, ended_at=None), **done())


def put_back(chance: Random) -> None:
    steps.put_back(one(Probation, chance, ended_at=None), because=(), **done())


def some_stay(chance: Random) -> None:
    candidate = _candidate(chance)
    for api, back_end in HandshakeTrier().back_ends(candidate).items():
        outcome = chance.choice([Outcome.ACCEPTED, Outcome.REFUSED])
        Tried.objects.create(candidate=candidate, api=api, display_name=api, back_end=back_end, gateway="g", outcome=outcome)
    Candidate.objects.filter(pk=candidate.pk).update(tried_for=candidate.try_asked_at, tried_at=timezone.now())
    candidate.refresh_from_db()
    rollout.switch_accepting(candidate, **done())


def moved(chance: Random) -> None:
    apis = Api.objects.filter(pk__in=[one(Api, chance).pk, one(Api, chance).pk])
    move = moving.propose(one(ClientCertificate, chance), apis, **done())
    moving.carry_out(move, **done())


def some_moved(chance: Random) -> None:
    move = moving.propose(one(ClientCertificate, chance), Api.objects.all(), **done())
    for api in move.apis():
        outcome = chance.choice([Outcome.ACCEPTED, Outcome.REFUSED])
        TriedMove.objects.create(move=move, api=api.name, display_name=api.name, back_end="b", gateway="g", outcome=outcome)
    Move.objects.update(tried_for=move.try_asked_at, tried_at=timezone.now())
    moving.carry_out(move, only_accepting=True, **done())


def authority_changed(chance: Random) -> None:
    authority = one(Authority, chance)
    if chance.random() < 0.5:
        authorities.roll_back(authority, version=chance.randint(1, 2), **done())
    else:
        authorities.replace(authority, bundle(chance.choice(AUTHORITIES)), **done())


def server_certificate_changed(chance: Random) -> None:
    match chance.randint(0, 3):
        case 0:
            make_server_certificate(f"server-{chance.randint(1, 3)}", chance.choice(SERVERS))
        case 1:
            actions.delete(one(ServerCertificate, chance), **done())
        case 2:
            actions.roll_back(one(ServerCertificate, chance), version=chance.randint(1, 2), **done())
        case _:
            actions.renew(one(ServerCertificate, chance), chance.choice(SERVERS).as_pfx(), **done())


def sealed_anew(_chance: Random) -> None:
    rewrap(now=timezone.now())
