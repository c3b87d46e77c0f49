"""What a certificate is good for, and why back ends may refuse it. [pure]"""

from certificates.judgement.doubts import Doubt, DoubtKind, doubts_of, without_issuer

__all__ = ["Doubt", "DoubtKind", "doubts_of", "without_issuer"]
