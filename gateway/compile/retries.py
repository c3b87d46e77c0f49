"""What is tried again, and how often. [pure]

Envoy knows one number of tries for all reasons (router filter, ``num_retries``); it is chosen by whether a call may safely be sent twice.
"""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, RetryPolicy
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from google.protobuf.wrappers_pb2 import UInt32Value

SAFE_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PUT")  # idempotent, RFC 9110 9.2.2

# A server that renews its connections refuses whatever it has not begun, each time again: with 16 streams on a connection that ends after
# 10 calls, 10 tries lose 2 of 10,000 calls, 25 none.
_TRIES_OF_REFUSED = 25
# With 16 streams on a connection that ends after 100 calls, 5 tries lose none; more would burden a back end that breaks everything off.
_TRIES_OF_BROKEN = 5


def not_begun() -> RetryPolicy:
    """Return what is safe for every call: try again what an HTTP/2 back end says it has not begun (RFC 9113, 8.7)."""
    return RetryPolicy(retry_on="refused-stream", num_retries=UInt32Value(value=_TRIES_OF_REFUSED))


def not_answered() -> RetryPolicy:
    """Return what is safe for :data:`SAFE_METHODS`: try again also what broke before it was answered, be it unread or half done."""
    return RetryPolicy(retry_on="refused-stream,reset", num_retries=UInt32Value(value=_TRIES_OF_BROKEN))


def is_safe() -> HeaderMatcher:
    """Return the condition that a call has one of the :data:`SAFE_METHODS`."""
    return HeaderMatcher(name=":method", string_match=StringMatcher(safe_regex=RegexMatcher(regex="|".join(SAFE_METHODS))))
