"""What is tried again, and how often. [pure]

Envoy knows one number of tries for all reasons (router filter, ``num_retries``). Over HTTP/2 it is for what the back end says it has not
begun, over HTTP/1.1 for what broke before it was answered and may safely be sent twice; connections that fail count as broken, too.
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


def not_begun() -> RetryPolicy:
    """Return what is safe for every call: try again what an HTTP/2 back end says it has not begun (RFC 9113, 8.7)."""
    return RetryPolicy(retry_on="refused-stream", num_retries=UInt32Value(value=_TRIES_OF_REFUSED))


def not_answered() -> RetryPolicy:
    """Return what is safe for :data:`SAFE_METHODS`: try again, once, what broke before it was answered, be it unread or half done."""
    return RetryPolicy(retry_on="refused-stream,reset", num_retries=UInt32Value(value=1))


def is_safe() -> HeaderMatcher:
    """Return the condition that a call has one of the :data:`SAFE_METHODS`."""
    return HeaderMatcher(name=":method", string_match=StringMatcher(safe_regex=RegexMatcher(regex="|".join(SAFE_METHODS))))
