"""A key made here and what has its certificate signed: names as typed, the key with its signing request (PKCS#10), the answer. [pure]"""

from certificates.signing.making import KeyKind, Made, Wanted
from certificates.signing.typed import BadName, Wrong

__all__ = ["BadName", "KeyKind", "Made", "Wanted", "Wrong"]
