"""Why a file is refused, and why a certificate in it is not presented, in sentences that say what to do. For the pages and the REST API."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from certificates.pfx import Problem, Reason, UnreadablePfx
from certificates.x509.loading import Hindrance

_MAKE_ONE = _("Make a .pfx file of it with: openssl pkcs12 -export -inkey client.key -in client.crt -certfile chain.crt -out client.pfx")
_KEYS = _("RSA of 2048 to 8192 bits (two primes, a public exponent of at most 33 bits), P-256, P-384, P-521 and Ed25519")

_SENTENCES: dict[Problem, Promise] = {
    Problem.WRONG_PASSWORD: _("The password is not correct for this file."),
    Problem.PASSWORD_NEEDED: _("The private key is encrypted: enter the password it was encrypted with."),
    Problem.NO_PASSWORD_NEEDED: _(
        "This file has no password: nothing in it is protected. Leave the password empty, or choose another file."
    ),
    Problem.OTHER_KEY_PASSWORD: _(
        "The password opens the file, but not all of it: the private key has a password of its own. "
        "Export it again with one password for both."
    ),
    Problem.WINDOWS_ACCOUNTS: _(
        "The file is protected for Windows accounts (users or groups), not by a password. Export it again with a password in place of "
        "the group or user names: in PowerShell, Export-PfxCertificate with -Password and without -ProtectTo."
    ),
    Problem.UNKNOWN_PROTECTION: _(
        "The file is protected in a way that the portal does not know (%(detail)s). Export it again with a password and AES-256, "
        "for instance by openssl pkcs12 -export."
    ),
    Problem.EMPTY: _("The file is empty. Export the certificate with its private key again."),
    Problem.PEM: _(
        "This PEM text holds neither a certificate nor a private key (it holds: %(detail)s). "
        "Put both into one file: cat client.crt chain.crt client.key"
    ),
    Problem.DER: _("This is a DER file, but not a .pfx file. %(make_one)s"),
    Problem.JKS: _(
        "This is a Java keystore (JKS), not a .pfx file. Convert it with: "
        "keytool -importkeystore -srckeystore client.jks -destkeystore client.pfx -deststoretype PKCS12"
    ),
    Problem.ZIP: _("This is a ZIP archive. Unpack it and upload the .pfx file inside."),
    Problem.NOT_PKCS12: _("This is not a .pfx (PKCS#12) file. Export the certificate with its private key as .pfx or .p12."),
    Problem.TRUNCATED: _("The file is cut off: its end is missing. Copy or download it again, in binary mode."),
    Problem.DAMAGED: _("The file is damaged and cannot be read. Export it again, and copy it in binary mode."),
    Problem.NO_KEY: _("The file holds no private key. Export the certificate together with its private key."),
    Problem.NO_CERTIFICATE: _("The file holds a private key, but no certificate that belongs to it. Export both together."),
    Problem.SEVERAL_KEYS: _("The file holds several different private keys. Export the one certificate you need with its key."),
    Problem.TOO_LARGE: _("The file is larger than 256 KiB. A .pfx file with one certificate and its chain holds a few kilobytes."),
    Problem.TOO_MUCH_WORK: _(
        "Opening this file takes too much work, so it was given up. Export it again with fewer key-derivation rounds (iterations)."
    ),
    Problem.UNUSABLE_CERTIFICATE: _("The gateway's TLS library does not load this certificate. Have it issued again."),
    Problem.OPENSSH_KEY: _(
        "The private key is written as OpenSSH writes it, which TLS programs do not read. Convert a copy of it with: "
        "ssh-keygen -p -m PKCS8 -f client.key"
    ),
    Problem.BROKEN_KEY: _("The private key in the file is broken: its values do not fit together. Export it again from where it was made."),
    Problem.BROKEN_CERTIFICATE: _(
        "The file holds no certificate of its private key that can be read; one in it is broken. Export it again."
    ),
    Problem.UNUSABLE_KEY: _("The gateway cannot use a private key of this kind. It can use %(keys)s."),
    Problem.BUSY: _("Too many files are being opened just now. Wait a moment and try again."),
    Problem.NOT_LOADED: _("The gateway cannot use this certificate. %(detail)s"),
    Problem.NOT_ASKED: _(
        "The portal could not ask the gateway's TLS library whether it loads this certificate, so nothing was stored. The file is not "
        "at fault. Try again; if it stays so, an administrator finds the reason in the portal's log."
    ),
    Problem.REQUEST: _(
        "This is the signing request itself, not a certificate. Send it to the authority, and bring here the certificate that it returns."
    ),
    Problem.OTHER_KEY: _(
        "The certificate (%(detail)s) belongs to another key than this signing request. Bring the one that was issued for this request."
    ),
    Problem.ONLY_CHAIN: _(
        "This holds certificates of authorities alone, not the one that was issued for the signing request. Bring that one, with or "
        "without these."
    ),
    Problem.ANSWER_EXPIRED: _("The certificate expired on %(detail)s (UTC). Have the signing request signed again."),
    Problem.KEY_AS_ANSWER: _(
        "This holds a private key. The key of the signing request lies sealed in the portal: bring only the certificate that was issued "
        "for it. A certificate with a key of its own is uploaded as a .pfx file."
    ),
    Problem.NO_ANSWER: _(
        "This is no certificate. Bring what the authority has returned: PEM, DER (.cer, .crt) or PKCS#7 (.p7b), with or without the chain."
    ),
}
_OF_THE_PASSWORD = (Problem.WRONG_PASSWORD, Problem.PASSWORD_NEEDED, Problem.NO_PASSWORD_NEEDED)
_OF_DER: dict[str, Promise] = {
    "certificate": _("This is a certificate without its private key (DER, often .cer or .crt), not a .pfx file. %(make_one)s"),
    "key": _("This is a private key without its certificate (DER), not a .pfx file. %(make_one)s"),
    "bundle": _(
        "This is a bundle of certificates (PKCS#7, often .p7b), which never holds a private key. Take the certificates out of it with: "
        "openssl pkcs7 -print_certs -in client.p7b -out client.crt (with -inform DER if it is no text). Then send them with the key."
    ),
}
_OF_CERTIFICATES: dict[Hindrance, Promise] = {
    Hindrance.VERSION: _(
        "The gateway cannot load this certificate: there is no X.509 version %(version)s. Have it issued again as version 3."
    ),
    Hindrance.EXTENSIONS_BEFORE_VERSION_3: _(
        "The gateway cannot load this certificate: it says X.509 version %(version)s, but has extensions, which need version 3. "
        "Have it issued again as version 3."
    ),
    Hindrance.UNIQUE_IDS_IN_VERSION_1: _(
        "The gateway cannot load this certificate: it says X.509 version 1, but has unique identifiers, which need version 2. "
        "Have it issued again as version 3."
    ),
    Hindrance.FRACTION: _(
        "The gateway cannot load this certificate: a date in it has a fraction of a second, which X.509 does not allow. "
        "Have it issued again with whole seconds."
    ),
    Hindrance.DATE: _(
        "The gateway cannot load this certificate: one of its dates is not written as X.509 wants it (with seconds, in UTC). "
        "Have it issued again."
    ),
    Hindrance.NAME: _(
        "The gateway cannot load this certificate: a text in its subject or issuer is not what its string type says. Have it issued again."
    ),
    Hindrance.SERIAL: _(
        "The gateway cannot load this certificate: its serial number is written with needless octets. Have it issued again."
    ),
    Hindrance.KEY_USAGE: _("The gateway cannot load this certificate: its key usage extension is malformed. Have it issued again."),
    Hindrance.KEY: _(
        "The gateway cannot load this certificate: its key is not written as X.509 wants it (with NULL and an odd exponent of at most "
        "33 bits). Have it issued again."
    ),
}
_ASIDE: dict[Reason, Promise] = {
    Reason.SAME_KEY: _("another certificate of the same key; the one that became valid last is presented"),
    Reason.SAME_KEY_EXPIRED: _("another certificate of the same key, which has expired"),
    Reason.SAME_KEY_NOT_YET_VALID: _("another certificate of the same key, which is not valid yet"),
    Reason.SAME_ISSUER: _("another certificate of an authority in the chain; the one that expires last is sent"),
    Reason.SAME_ISSUER_EXPIRED: _("another certificate of an authority in the chain, which has expired"),
    Reason.SAME_ISSUER_NOT_YET_VALID: _("another certificate of an authority in the chain, which is not valid yet"),
    Reason.NO_LINK: _("belongs to no link of the chain"),
    Reason.NOT_LOADED: _("the gateway's TLS library does not load it"),
}
_UNUSABLE = _("The gateway cannot use this private key (%(detail)s). It can use %(keys)s.")


def sentence(refusal: UnreadablePfx) -> str:
    """Return why the file is refused and what to do about it, in the active language."""
    template = _SENTENCES[refusal.problem]
    if refusal.problem is Problem.DER:
        template = _OF_DER.get(refusal.detail, template)
    if refusal.problem is Problem.UNUSABLE_KEY and refusal.detail:
        template = _UNUSABLE
    if refusal.problem is Problem.UNUSABLE_CERTIFICATE and refusal.detail:
        hindrance, version = refusal.detail.split()
        return sentence_of(Hindrance(hindrance), int(version))
    return str(template) % {"make_one": _MAKE_ONE, "keys": _KEYS, "detail": refusal.detail}


def sentence_of(hindrance: Hindrance, version: int) -> str:
    """Return why the gateway does not load a certificate of that X.509 *version*, in the active language."""
    return str(_OF_CERTIFICATES[hindrance]) % {"version": version}


def reason(aside: Reason) -> str:
    """Return why a certificate of the file is not presented, in the active language."""
    return str(_ASIDE[aside])


def field(refusal: UnreadablePfx) -> str:
    """Return the form field that the sentence belongs to: ``password`` or ``file``."""
    return "password" if refusal.problem in _OF_THE_PASSWORD else "file"
