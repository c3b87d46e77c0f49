"""Why a caller is refused for the certificate that it shows, or does not show, in the sentences that callers read. [pure]"""

from __future__ import annotations

import enum


class Refusal(enum.StrEnum):
    """The sentences; they stand in a script and in JSON, so they hold no quotes."""

    NOT_BY_TLS = "This API needs a client certificate, so it is called by HTTPS. Call its https address."
    MISDIRECTED = "This API needs a client certificate, which was not asked for on a connection to another host. Open one to its own host."
    MISSING = "Access denied due to missing client certificate. Show a client certificate when calling this API."
    EXPIRED = "Access denied due to invalid client certificate: it has expired."
    NOT_YET_VALID = "Access denied due to invalid client certificate: it is not valid yet."
    UNTRUSTED = "Access denied due to invalid client certificate: none of the authorities that this API trusts has issued it for clients."
    UNREADABLE = "Access denied due to invalid client certificate: the gateway cannot read it."
    STRANGER = "Access denied due to invalid client certificate: it is not one of those that this API lets in."
