"""The keys that the activity log is sealed with: in the database, sealed under the ring, which is kept outside it."""

from __future__ import annotations

import os

from certificates.models import ActivityKey
from certificates.sealing import KEY_BYTES, Secret


def activity_keys() -> list[bytes]:
    """Return the keys that open, the newest first; make one if there is none. Call it while no other process writes lines.

    :raises certificates.sealing.BadKeyRing: if there is no ring
    """
    opened = [secret.value for row in ActivityKey.objects.order_by("-made_at", "pk") if (secret := row.opened())]
    return opened or [_made()]


def _made() -> bytes:
    row, key = ActivityKey(), os.urandom(KEY_BYTES)
    row.seal(Secret(key))
    row.save()
    return key
