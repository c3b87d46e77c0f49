"""Recognises a private key in a text that should hold none, however its heading is spelled. [pure]"""

from __future__ import annotations

import base64
import re

# "-----BEGIN RSA PRIVATE KEY-----", and what becomes of it on the way: other letters, other blanks, none at all.
_WORDS = re.compile(r"private[\W_]{0,5}key", re.IGNORECASE)
# Of OpenSSH, PuTTY, XML (RSAKeyValue) and JSON (RFC 7517, 6.2.2 and 6.3.2).
_OTHER_FORMS = re.compile(r"b3BlbnNzaC1rZXktdj|putty-user-key|<D>[A-Za-z0-9+/=\s]{20}|[\"']d[\"']\s*:\s*[\"'][\w-]{20}")
# A SEQUENCE in base64 begins with M; of the keys' kinds, a small INTEGER, the version, follows its length.
_SEQUENCE = re.compile(r"(?=(M[A-Za-z0-9+/_-]{23}))")
_KEY = re.compile(rb"\x30(?:\x82..|\x81.|[\x20-\x7f])\x02\x01[\x00\x01][\x02\x04\x30]", re.DOTALL)
# The same, encrypted: a SEQUENCE in it that begins with the identifier of a password-based scheme (PKCS #5 or #12).
_ENCRYPTED = re.compile(rb"\x30(?:\x82..|\x81.|[\x20-\x7f])\x30[\x00-\x7f]\x06[\x09\x0a]\x2a\x86\x48\x86\xf7\x0d\x01[\x05\x0c]", re.DOTALL)


def holds_private_key(text: str) -> bool:
    """Tell whether somebody has put a private key there, which must not be shown again."""
    return bool(_WORDS.search(text) or _OTHER_FORMS.search(text)) or _holds_der(re.sub(r"[\s\"'\\]|-{2,}", "", text))


def _holds_der(text: str) -> bool:
    begun = (_decoded(found[1]) for found in _SEQUENCE.finditer(text))
    return any(_KEY.match(start) or _ENCRYPTED.match(start) for start in begun)


def _decoded(beginning: str) -> bytes:
    return base64.b64decode(beginning.replace("-", "+").replace("_", "/"))
