"""Why a PFX file is refused, in sentences that say what to do. Used by the pages and by the REST API."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from certificates.pfx import Problem, UnreadablePfx

_MAKE_ONE = _("Make a .pfx file of it with: openssl pkcs12 -export -inkey client.key -in client.crt -certfile chain.crt -out client.pfx")
_KEYS = _("RSA of 2048 to 8192 bits, P-256, P-384, P-521 and Ed25519")

_SENTENCES: dict[Problem, Promise] = {
    Problem.WRONG_PASSWORD: _("The password is not correct for this file."),
    Problem.EMPTY: _("The file is empty. Export the certificate with its private key again."),
    Problem.PEM: _("This is a PEM file (text), not a .pfx file. %(make_one)s"),
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
    Problem.UNUSABLE_KEY: _("The gateway cannot use a private key of this kind. It can use %(keys)s."),
    Problem.BUSY: _("Too many files are being opened just now. Wait a moment and try again."),
    Problem.NOT_LOADED: _("The gateway cannot use this certificate. %(detail)s"),
    Problem.NOT_ASKED: _(
        "The portal could not ask the gateway's TLS library whether it loads this certificate, so nothing was stored. The file is not "
        "at fault. Try again; if it stays so, an administrator finds the reason in the portal's log."
    ),
}
_OF_DER: dict[str, Promise] = {
    "certificate": _("This is a certificate without its private key (DER, often .cer or .crt), not a .pfx file. %(make_one)s"),
    "key": _("This is a private key without its certificate (DER), not a .pfx file. %(make_one)s"),
    "bundle": _("This is a bundle of certificates without a private key (PKCS#7, often .p7b), not a .pfx file. %(make_one)s"),
}
_UNUSABLE = _("The gateway cannot use this private key (%(detail)s). It can use %(keys)s.")


def sentence(refusal: UnreadablePfx) -> str:
    """Return why the file is refused and what to do about it, in the active language."""
    template = _SENTENCES[refusal.problem]
    if refusal.problem is Problem.DER:
        template = _OF_DER.get(refusal.detail, template)
    if refusal.problem is Problem.UNUSABLE_KEY and refusal.detail:
        template = _UNUSABLE
    return str(template) % {"make_one": _MAKE_ONE, "keys": _KEYS, "detail": refusal.detail}


def field(refusal: UnreadablePfx) -> str:
    """Return the form field that the sentence belongs to: ``password`` or ``file``."""
    return "password" if refusal.problem is Problem.WRONG_PASSWORD else "file"
