"""What a certificate is good for, and why the other side may refuse it. [pure]"""

from certificates.judgement.doubts import Doubt, DoubtKind, Purpose, doubts_of, without_issuer
from certificates.judgement.outlook import Ending, breaks_at_renewal, ending_of

__all__ = ["Doubt", "DoubtKind", "Ending", "Purpose", "breaks_at_renewal", "doubts_of", "ending_of", "without_issuer"]
