"""Reading files with a certificate and its private key: PFX (PKCS#12), PEM. [pure]"""

from certificates.pfx.joining import joined
from certificates.pfx.model import MOST_BYTES, Aside, Pfx, Problem, Reason, UnreadablePfx
from certificates.pfx.opening import list_certificates, make_key, open_pfx, password_of, read_answer

__all__ = [
    "MOST_BYTES",
    "Aside",
    "Pfx",
    "Problem",
    "Reason",
    "UnreadablePfx",
    "joined",
    "list_certificates",
    "make_key",
    "open_pfx",
    "password_of",
    "read_answer",
]
