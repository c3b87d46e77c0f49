"""What a certificate is good for, and why the other side may refuse it. [pure]"""

from certificates.judgement.doubts import Doubt, DoubtKind, Purpose, doubts_of, without_issuer

__all__ = ["Doubt", "DoubtKind", "Purpose", "doubts_of", "without_issuer"]
