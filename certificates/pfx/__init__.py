"""Reading PFX (PKCS#12) files. [pure]"""

from certificates.pfx.model import MOST_BYTES, Pfx, Problem, UnreadablePfx
from certificates.pfx.opening import open_pfx, password_of

__all__ = ["MOST_BYTES", "Pfx", "Problem", "UnreadablePfx", "open_pfx", "password_of"]
