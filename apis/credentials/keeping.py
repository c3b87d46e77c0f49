"""Storing, changing and forgetting what an API or a back end sends. Within the transaction of whoever changes the holder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apis.credentials.models import OAuthClient, ProofSecret, SharedSecret, columns_of
from apis.credentials.refusals import PasswordMissing
from apis.policy.oauth import AuthenticationOAuth2
from apis.policy.proofs import AuthenticationSharedSecret, Proof, same_proof
from certificates.sealing import Secret

if TYPE_CHECKING:
    from apis.backends.models import BackEnd
    from apis.models import Api

    Holder = Api | BackEnd

KINDS: tuple[type[ProofSecret], ...] = (SharedSecret, OAuthClient)
COLUMNS = tuple(name for kind in KINDS for name in kind.VALUES)
_KIND_OF: dict[type[Proof], type[ProofSecret]] = {AuthenticationSharedSecret: SharedSecret, AuthenticationOAuth2: OAuthClient}


def stored(holder: Holder) -> ProofSecret | None:
    """Return what *holder* sends; ``None``: nothing of these kinds."""
    return next((row for kind in KINDS if (row := kind._default_manager.filter(**_of(holder)).first())), None) if holder.pk else None


def loaded(holder: Holder) -> ProofSecret | None:
    """Return the same by the relations of *holder*, which were selected with it where many are read."""
    return next((row for kind in KINDS if (row := getattr(holder, kind._meta.model_name or "", None))), None)


def values_of(holder: Holder) -> dict[str, Any]:
    """Return what the activity log tells of what *holder* sends: every column of every kind, ``None`` where there is nothing."""
    row = stored(holder)
    return dict.fromkeys(COLUMNS) | (row.values() if row else {})


def keep(holder: Holder, proof: Proof | None) -> bool:
    """Have *holder* send *proof* from now on; ``None``: nothing.

    :return: whether the secret is another one now
    :raises PasswordMissing: if the stored secret is to be kept and none of the kind is stored
    """
    row = stored(holder)
    if proof is None:
        return _forget(row)
    if proof.secret is None and not by_certificate(proof):
        _keep_secret(row, proof)
        return False
    if row and _holds_secret_of(row, proof):
        _change(row, proof)
        return False
    fresh = _KIND_OF[type(proof)](**_of(holder))
    if row:
        fresh.inherit(row)
        row.delete()
    fresh.seal(proof.secret or Secret(b""))
    _change(fresh, proof)
    return True


def _forget(row: ProofSecret | None) -> bool:
    """Forget what is stored; return whether a secret has gone with it."""
    if row is None:
        return False
    row.delete()
    return not row.needs_no_secret


def _holds_secret_of(row: ProofSecret, proof: Proof) -> bool:
    """Return whether *row* is of the kind of *proof* and holds its secret, or none where that needs none."""
    if not isinstance(row, _KIND_OF[type(proof)]) or row.needs_no_secret != by_certificate(proof):
        return False
    return row.needs_no_secret or row.opened() == proof.secret


def take_over(api: Api, back_end: BackEnd | None) -> bool:
    """Have *api* send what *back_end* does; ``None``: nothing.

    :return: whether the secret is another one now
    :raises certificates.sealing.SealingError: if the back end's does not open
    """
    given = stored(back_end) if back_end else None
    if given is None:
        return keep(api, None)
    proof = given.proof(given.unseal())
    return False if is_stored(api, proof) else keep(api, proof)


def is_stored(holder: Holder, proof: Proof) -> bool:
    """Return whether *holder* sends *proof* already; a secret that is not said is the one that is stored."""
    row = stored(holder)
    if row is None or not isinstance(row, _KIND_OF[type(proof)]):
        return False
    secret = row.opened() if proof.secret else None
    return (secret is None) == (proof.secret is None) and same_proof(row.proof(secret), proof)


def has_secret(holder: Holder, proof: Proof) -> bool:
    """Return whether the secret of *proof* can stay as it is: one of its kind is stored, or it needs none."""
    row = stored(holder)
    return by_certificate(proof) or (isinstance(row, _KIND_OF[type(proof)]) and not (row.needs_no_secret))


def by_certificate(proof: Proof | None) -> bool:
    """Return whether the client certificate of the holder stands for the secret."""
    return isinstance(proof, AuthenticationOAuth2) and proof.by_certificate


def _keep_secret(row: ProofSecret | None, proof: Proof) -> None:
    if row is None or not isinstance(row, _KIND_OF[type(proof)]) or row.needs_no_secret:
        raise PasswordMissing
    _change(row, proof)


def _change(row: ProofSecret, proof: Proof) -> None:
    for name, value in columns_of(proof).items():
        setattr(row, name, value)
    row.save()


def _of(holder: Holder) -> dict[str, Any]:
    return {"api" if holder._meta.model_name == "api" else "back_end": holder}
