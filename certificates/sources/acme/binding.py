"""What ties an account that is not registered yet to one that its authority knows, sealed until it is registered."""

from __future__ import annotations

import json

from certificates.sealing import Secret
from certificates.sources.acme.ordering import Binding
from certificates.sources.models import AcmeAccount, AcmeBinding


def keep(account: AcmeAccount, binding: Binding) -> None:
    """Seal *binding* until *account* is registered."""
    row = AcmeBinding(account=account)
    row.seal(Secret(json.dumps({"identifier": binding.identifier, "key": binding.key.value.decode()}).encode()))
    row.save(force_insert=True)


def binding_of(account: AcmeAccount) -> Binding | None:
    """Return what was kept; ``None``: nothing, or it does not open."""
    row = AcmeBinding.objects.filter(account=account).first()
    secret = row.opened() if row else None
    if secret is None:
        return None
    held = json.loads(secret.value)
    return Binding(identifier=held["identifier"], key=Secret(held["key"].encode()))


def note_registration(account: AcmeAccount, url: str) -> None:
    """Keep what an account is known by at its authority, once it is; what tied it there is forgotten."""
    if url and not account.url:
        account.url = url
        account.save(update_fields=["url"])
        AcmeBinding.objects.filter(account=account).delete()
