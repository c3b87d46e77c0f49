"""The MAC of a PKCS#12 file: by PKCS#12's own derivation (RFC 7292, section 4) or PBMAC1 (RFC 9579). [pure]"""

from __future__ import annotations

import hmac

from certificates import ber
from certificates.ber import Malformed
from certificates.pfx import derivation
from certificates.pfx.derivation import HASHES, HMACS, Spellings, known, named
from certificates.pfx.structure import Mac

_PBMAC1 = "1.2.840.113549.1.5.14"


def fits(mac: Mac, covered: bytes, spellings: Spellings) -> bool:
    """Tell whether *mac* is that of *covered* under the password: then the password is right, and the file is intact.

    :raises UnknownProtection: if it is made in a way that is not known here
    :raises Malformed: if what says how it is made is broken
    """
    if named(mac.algorithm)[0] == _PBMAC1:
        return _pbmac1_fits(mac, covered, spellings)
    name = known(HASHES, named(mac.algorithm)[0])
    size = hmac.new(b"", digestmod=name).digest_size
    keys = (derivation.pkcs12(name, password, mac.salt, mac.iterations, purpose=derivation.MAC, length=size) for password in spellings.wide)
    return any(hmac.compare_digest(hmac.digest(key, covered, name), mac.digest) for key in keys)


def _pbmac1_fits(mac: Mac, covered: bytes, spellings: Spellings) -> bool:
    _, parameters = named(mac.algorithm)
    if parameters is None:
        raise Malformed
    scheme, authentication = ber.leading(parameters, 2)
    name = known(HMACS, named(authentication)[0])
    length = derivation.key_length_of(scheme) or len(mac.digest)
    keys = (derivation.pkcs5(scheme, password, length) for password in spellings.narrow)
    return any(hmac.compare_digest(hmac.digest(key, covered, name), mac.digest) for key in keys)
