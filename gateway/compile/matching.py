"""What looks at the headers of a call or an answer before something is done with it: Envoy's generic matcher, in our few shapes. [pure]"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.extensions.common.matching.v3.extension_matcher_pb2 import ExtensionWithMatcher
from envoy.extensions.filters.http.composite.v3.composite_pb2 import Composite
from envoy.type.matcher.v3.http_inputs_pb2 import HttpRequestHeaderMatchInput, HttpResponseHeaderMatchInput
from xds.core.v3.extension_pb2 import TypedExtensionConfig as MatcherExtension
from xds.type.matcher.v3.matcher_pb2 import Matcher

from gateway.compile.resource import pack

if TYPE_CHECKING:
    from envoy.extensions.filters.http.composite.v3.composite_pb2 import ExecuteFilterAction
    from google.protobuf.message import Message


def request_header(name: str, header: str) -> MatcherExtension:
    """Return an input, called *name*, that is the value of a request's *header*."""
    return MatcherExtension(name=name, typed_config=pack(HttpRequestHeaderMatchInput(header_name=header)))


def response_header(name: str, header: str) -> MatcherExtension:
    """Return an input, called *name*, that is the value of an answer's *header*."""
    return MatcherExtension(name=name, typed_config=pack(HttpResponseHeaderMatchInput(header_name=header)))


def on_match(name: str, action: Message) -> Matcher.OnMatch:
    """Return what happens on a match: *action*, called *name*."""
    return Matcher.OnMatch(action=MatcherExtension(name=name, typed_config=pack(action)))


def run_filter(action: ExecuteFilterAction) -> Matcher.OnMatch:
    """Return that the filter of *action* runs on a match; it must stand in :func:`filter_by`."""
    return on_match("composite-action", action)


def filter_by(matcher: Matcher) -> ExtensionWithMatcher:
    """Return the filter that becomes whichever *matcher* finds; where it finds none, no filter is made for the call."""
    return ExtensionWithMatcher(
        xds_matcher=matcher, extension_config=TypedExtensionConfig(name="composite", typed_config=pack(Composite()))
    )
