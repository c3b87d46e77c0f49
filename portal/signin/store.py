"""Sessions as Django keeps them in its database, but so that a copy of it signs nobody in and tells nothing.

The key in the cookie is the one secret: the row has a digest of it, and the content is sealed under a key made from it. A session ends
after the setting ``SESSION_IDLE`` without a request, and ``SESSION_LASTS`` after signing in whatever is done (ASVS 5, 7.3).
"""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.contrib.sessions.serializers import JSONSerializer
from django.utils import timezone

from portal.signin.models import SignedIn

# What a session holds of its own story.
SINCE, SEEN_AT, ADDRESS, BROWSER = "signed_in_at", "seen_at", "address", "browser"
_NOT_SIGNED_IN_SECONDS = 15 * 60  # for a second factor, or the way to a company account and back
_NONCE_BYTES = 12


def digest_of(session_key: str) -> str:
    """Return what stands in the database for the key in the cookie; as long as Django's column."""
    return hashlib.blake2b(session_key.encode(), digest_size=20, person=b"portal session").hexdigest()


class SessionStore(db.SessionStore):
    """One session, by the key in the cookie."""

    def load(self) -> dict[str, Any]:
        """Return what the session holds; nothing if it has ended."""
        row = Session.objects.filter(pk=digest_of(self.session_key or ""), expire_date__gt=timezone.now()).first()
        if row is None:
            self._session_key = None
            return {}
        return self.decode(row.session_data)

    def exists(self, session_key: str) -> bool:
        """Return whether there is a session with that key."""
        return super().exists(digest_of(session_key))

    def create(self) -> None:
        """Begin, and take the opportunity to remove sessions that have ended."""
        self.clear_expired()
        super().create()

    def save(self, must_create: bool = False) -> None:
        """Keep it, and whose it is."""
        super().save(must_create)
        if self.session_key and (user := self.get(SESSION_KEY)):
            SignedIn.objects.update_or_create(session_id=digest_of(self.session_key), defaults=self._story(user))

    def delete(self, session_key: str | None = None) -> None:
        """End it."""
        if key := session_key or self.session_key:
            super().delete(digest_of(key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row."""
        key: str = self._get_or_create_session_key()  # type: ignore[attr-defined]  # not in the stubs
        return Session(session_key=digest_of(key), session_data=self.encode(data), expire_date=self.get_expiry_date())

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Return the content, sealed."""
        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher().encrypt(nonce, JSONSerializer().dumps(session_dict), None)).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return the content; nothing if it was tampered with."""
        try:
            sealed = base64.b64decode(session_data, validate=True)
            content: dict[str, Any] = JSONSerializer().loads(self._cipher().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None))
        except (InvalidTag, ValueError):
            return {}
        return content

    def get_session_cookie_age(self) -> int:
        """Return for how many seconds it goes on if nothing comes."""
        if SESSION_KEY not in self:
            return _NOT_SIGNED_IN_SECONDS
        ends = self.get(SINCE, 0) + settings.SESSION_LASTS.total_seconds()
        return max(0, int(min(settings.SESSION_IDLE.total_seconds(), ends - timezone.now().timestamp())))

    # Django's own would look for the key itself.
    aload, aexists, acreate, asave, adelete = (
        SessionBase.aload,
        SessionBase.aexists,
        SessionBase.acreate,
        SessionBase.asave,
        SessionBase.adelete,
    )

    def _cipher(self) -> AESGCM:
        return AESGCM(hashlib.blake2b((self.session_key or "").encode(), digest_size=32, person=b"portal content").digest())

    def _story(self, user: str) -> dict[str, Any]:
        now = timezone.now().timestamp()
        return {
            "user_id": user,
            "since": datetime.fromtimestamp(self.get(SINCE, now), UTC),
            "seen_at": datetime.fromtimestamp(self.get(SEEN_AT, now), UTC),
            "address": self.get(ADDRESS, ""),
            "browser": self.get(BROWSER, ""),
        }
