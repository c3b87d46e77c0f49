"""What each outcome is called, and in one sentence why it came about and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.handshake.kinds import Kind


@dataclass(frozen=True, slots=True)
class Words:
    """A title of two or three words, and a sentence; it may name *host*, *port*, *status*, *alert*, *issuer*, *names* and *day*."""

    title: Promise
    sentence: Promise


WORDS: dict[Kind, Words] = {
    Kind.ACCEPTED: Words(_("Accepted"), _("The back end asked for the client certificate and took it; nothing needs to be done.")),
    Kind.REACHED: Words(_("Reached"), _("The back end was reached without a client certificate; nothing needs to be done.")),
    Kind.REDIRECTED: Words(
        _("Redirected"), _("The back end answered %(status)s and leads elsewhere, which is not followed; name that address if it is meant.")
    ),
    Kind.NOT_ASKED: Words(
        _("Not asked for"),
        _(
            "The back end did not ask for the client certificate, so that none was sent; "
            "have its owners demand one, or choose no credentials."
        ),
    ),
    Kind.FORBIDDEN_ANSWER: Words(
        _("Not allowed"),
        _("The back end answered %(status)s: it knows who calls and does not allow it, so ask its owners to allow this certificate."),
    ),
    Kind.FAILING_ANSWER: Words(
        _("Back end failing"), _("The back end answered %(status)s, which is a failure of its own; look into its log, or ask its owners.")
    ),
    Kind.NOT_SEEN: Words(
        _("Not seen"), _("From here nothing was seen; test again, and if that does not help, look at the page of the gateways.")
    ),
    Kind.NO_SUCH_NAME: Words(
        _("Unknown name"), _("The name %(host)s has no address; correct the Web service URL, or have the name entered in DNS.")
    ),
    Kind.NO_NAME_SERVER: Words(
        _("No name server"), _("No name server answered for %(host)s; check the DNS settings of this place, or test again in a moment.")
    ),
    Kind.FORBIDDEN_ADDRESS: Words(
        _("Forbidden address"),
        _("Every address of %(host)s is one that no API may call; write another host, or ask the operator to allow its network."),
    ),
    Kind.NOTHING_LISTENS: Words(
        _("Nothing listens"),
        _("Nothing listens at port %(port)s of %(host)s; check the port in the Web service URL, or start the back end."),
    ),
    Kind.NO_ROUTE: Words(_("No route"), _("No way leads to %(host)s from here; check the network and its routes.")),
    Kind.NO_CONNECTION_IN_TIME: Words(
        _("No connection"), _("%(host)s did not take the connection in time; most often a firewall drops it, so have port %(port)s opened.")
    ),
    Kind.NOT_TLS: Words(
        _("No TLS"),
        _("What answers at port %(port)s of %(host)s does not speak TLS; write http:// in the Web service URL, or another port."),
    ),
    Kind.SILENT: Words(
        _("Silent"),
        _("%(host)s took the connection and then said nothing; check that TLS is spoken at port %(port)s, or restart the back end."),
    ),
    Kind.BROKEN_OFF_AT_HELLO: Words(
        _("Broken off"),
        _("%(host)s broke the handshake off at once; check that TLS is spoken at port %(port)s and that this name is served there."),
    ),
    Kind.TOO_OLD: Words(
        _("TLS too old"),
        _("The back end speaks only a version of TLS that is no longer safe; have it renewed, or switch on “Allow older servers”."),
    ),
    Kind.NEEDS_TLS13: Words(
        _("Needs TLS 1.3"),
        _("The back end speaks TLS 1.3 only, which cannot ask for a certificate later; switch that setting off, or have TLS 1.2 allowed."),
    ),
    Kind.NO_COMMON_CIPHER: Words(
        _("No common cipher"),
        _("The back end and the gateway have no cipher suite or curve in common; have one allowed there that is safe today."),
    ),
    Kind.UNKNOWN_SERVER_NAME: Words(
        _("Name not served"), _("The back end does not know the name %(host)s; write in the Web service URL the name that it is known by.")
    ),
    Kind.NO_COMMON_HTTP: Words(
        _("No common HTTP"), _("The back end does not speak the HTTP that was offered; choose “Automatic” for HTTP to the back end.")
    ),
    Kind.NO_HANDSHAKE: Words(
        _("No handshake"), _("The TLS handshake failed for a reason that only its own words tell; show them to the back end's owners.")
    ),
    Kind.UNLOADABLE: Words(
        _("Certificate unusable"), _("The client certificate or its private key could not be loaded; replace it by a new version.")
    ),
    Kind.SERVER_EXPIRED: Words(
        _("Its certificate expired"), _("The back end's own chain holds a certificate that ended on %(day)s; have its owners renew it.")
    ),
    Kind.SERVER_NOT_YET_VALID: Words(
        _("Its certificate is not valid yet"),
        _("The back end's own chain holds a certificate that begins on %(day)s only; check the clocks, or wait until then."),
    ),
    Kind.SERVER_SELF_SIGNED: Words(
        _("Self-signed"),
        _(
            "The back end has signed its certificate itself; "
            "enter that certificate under Trusted authorities, if you know it to be the right one."
        ),
    ),
    Kind.SERVER_CHAIN_INCOMPLETE: Words(
        _("Chain incomplete"),
        _(
            "The back end sent its own certificate alone, and %(issuer)s above it is not trusted here; "
            "have it send the certificates between."
        ),
    ),
    Kind.SERVER_AUTHORITY_UNKNOWN: Words(
        _("Authority unknown"),
        _("The back end's chain leads to %(issuer)s, which is not trusted here; enter that authority under Trusted authorities."),
    ),
    Kind.SERVER_WRONG_PURPOSE: Words(
        _("Wrong purpose"),
        _("The back end's certificate was not issued for servers; have its owners take one whose purposes name serverAuth."),
    ),
    Kind.SERVER_CHAIN_BROKEN: Words(
        _("Chain broken"),
        _("A certificate of the back end's chain was not made by the one above it, or breaks its rules; have it issued anew."),
    ),
    Kind.SERVER_WRONG_NAME: Words(
        _("Another name"),
        _(
            "The back end's certificate is for %(names)s and not for %(host)s; "
            "call it by a name that it bears, or have it issued for this one."
        ),
    ),
    Kind.DEMANDED: Words(
        _("Certificate demanded"),
        _("The back end demands a client certificate, and none is presented; choose one under With credentials."),
    ),
    Kind.CLIENT_AUTHORITY_UNKNOWN: Words(
        _("Authority not trusted"),
        _("The back end does not trust %(issuer)s, which issued the client certificate; present one of an issuer that it names."),
    ),
    Kind.CLIENT_EXPIRED: Words(
        _("Expired for it"),
        _("The back end says that the client certificate has expired; replace it, or have the clock of the back end set."),
    ),
    Kind.CLIENT_REVOKED: Words(
        _("Revoked"), _("The back end says that the client certificate was revoked; have a new one issued and replace it.")
    ),
    Kind.CLIENT_UNSUPPORTED: Words(
        _("Wrong kind"), _("The back end does not take certificates of this kind; have one issued whose purposes name clientAuth.")
    ),
    Kind.CLIENT_BAD: Words(
        _("Found faulty"),
        _("The back end calls the client certificate faulty, as servers do with one that is not valid yet; check its dates and its chain."),
    ),
    Kind.CLIENT_UNKNOWN: Words(
        _("Not accepted"),
        _("The back end does not accept the client certificate and says no more; its own log tells why, so ask its owners."),
    ),
    Kind.CLIENT_DENIED: Words(
        _("Access denied"), _("The back end knows the client certificate and denies it access; ask its owners to let this certificate in.")
    ),
    Kind.CLIENT_SIGNATURE: Words(
        _("Signature does not fit"),
        _("A signature of the client certificate does not fit the authority of that name that the back end trusts; have it issued again."),
    ),
    Kind.CLIENT_REFUSED: Words(
        _("Refused the certificate"),
        _("The back end refused the client certificate (alert %(alert)s); ask its owners what its log says of it."),
    ),
    Kind.CLIENT_NOT_SENT: Words(
        _("Certificate not sent"),
        _("The back end says that none was sent: it takes no key of this type; have a certificate issued for another type of key."),
    ),
    Kind.CLIENT_BROKEN_OFF: Words(
        _("Refused without a word"),
        _(
            "The back end broke off when it had seen the client certificate; "
            "most likely it refuses it, so ask its owners what its log says."
        ),
    ),
    Kind.ASKED_LATER: Words(
        _("Asked for later"),
        _("The back end asks for the certificate after the handshake only; switch on “The back end asks for the certificate later”."),
    ),
    Kind.PAGE_DEMANDS: Words(
        _("Certificate demanded"),
        _(
            "The back end answered %(status)s with a page that demands a client certificate; "
            "choose one that it asks for, or have it asked for later."
        ),
    ),
    Kind.PAGE_REFUSES: Words(
        _("Refused the certificate"),
        _("The back end answered %(status)s with a page that refuses the client certificate; present one of an issuer that it trusts."),
    ),
    Kind.NO_ANSWER_IN_TIME: Words(
        _("No answer"), _("The connection stood, but the back end did not answer in time; test again, or look at what it is busy with.")
    ),
    Kind.CLOSED_WITHOUT_ANSWER: Words(
        _("Closed without an answer"),
        _("The back end closed the connection instead of answering; look into its log, for it may refuse the certificate or the path."),
    ),
    Kind.NOT_HTTP: Words(
        _("No HTTP"), _("What answers at port %(port)s of %(host)s speaks TLS, but not HTTP; write another port in the Web service URL.")
    ),
}

ALERTS = {  # RFC 8446, 6.2
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}


def alert_name(number: int) -> str:
    """Return an alert as its standard names it."""
    return f"{number} {ALERTS[number]}" if number in ALERTS else str(number)
