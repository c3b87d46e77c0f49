"""What Envoy counts of calls beyond what it counts of every route anyway: those that no back end has answered, and refusals. [pure]

Envoy's router counts per route how back ends have answered (`dynamic_stats`, and each route's `stat_prefix`). What is counted here costs
only calls that the gateway itself has answered, or that were refused with a page.
"""

from __future__ import annotations

from envoy.config.accesslog.v3.accesslog_pb2 import (
    AccessLog,
    AccessLogFilter,
    AndFilter,
    ComparisonFilter,
    ExtensionFilter,
    MetadataFilter,
    OrFilter,
    ResponseFlagFilter,
    StatusCodeFilter,
)
from envoy.config.core.v3.base_pb2 import RuntimeUInt32
from envoy.extensions.access_loggers.filters.cel.v3.cel_pb2 import ExpressionFilter
from envoy.extensions.access_loggers.stats.v3.stats_pb2 import Config
from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher
from envoy.type.matcher.v3.value_pb2 import ValueMatcher
from google.protobuf.wrappers_pb2 import BoolValue, UInt64Value

from apis.policy.failure import FAILURE_HEADER
from gateway.compile.answers.refusal_pages import REFUSED
from gateway.compile.names import METADATA, PRESENTS
from gateway.compile.resource import pack

COUNTERS, UNANSWERED = "outcomes", "unanswered"  # what the counters' names begin with
# Of what a counter tells apart; in this order they stand in its name.
API, CLUSTER, PRESENTED, KIND, KEY, STATUS, FLAGS = "api", "cluster", "presented", "kind", "key", "status", "flags"

_NOT_THE_BACK_ENDS_OWN = "response.code_details != 'via_upstream'"


def counters() -> AccessLog:
    """Return the log that counts; nothing is written."""
    unanswered = Config.Stat(
        name=UNANSWERED,
        tags=[
            Config.Tag(name=API, value_format="%ROUTE_NAME%"),
            Config.Tag(name=CLUSTER, value_format="%UPSTREAM_CLUSTER%"),
            Config.Tag(name=PRESENTED, value_format=f"%METADATA(CLUSTER:{METADATA}:{PRESENTS})%"),
            Config.Tag(name=KIND, value_format=f"%RESP({FAILURE_HEADER})%"),
            Config.Tag(name=KEY, value_format="%VIRTUAL_CLUSTER_NAME%"),
            Config.Tag(name=STATUS, value_format="%RESPONSE_CODE%"),
            Config.Tag(name=FLAGS, value_format="%RESPONSE_FLAGS%"),
        ],
    )
    config = Config(stat_prefix=COUNTERS, counters=[Config.Counter(stat=unanswered, value_fixed=UInt64Value(value=1))])
    not_answered = _both(status_at_least(400), _either(answered_by_gateway(), refused_by_page()))
    return AccessLog(name="counters", filter=_either(_caller_left(), not_answered), typed_config=pack(config))


def failed() -> AccessLogFilter:
    """Return the filter that holds for calls that no back end has answered, or whose certificate was refused by an answer.

    Each of these filters looks first at the status, which is cheap and all that an untroubled call meets.
    """
    unanswered = _both(status_at_least(500), answered_by_gateway())
    return _both(status_at_least(400), _either(refused_by_page(), unanswered))


def answered_by_gateway() -> AccessLogFilter:
    """Return the filter that holds for answers that are the gateway's own."""
    expression = pack(ExpressionFilter(expression=_NOT_THE_BACK_ENDS_OWN))
    ours = ExtensionFilter(name="envoy.access_loggers.extension_filters.cel", typed_config=expression)
    return AccessLogFilter(extension_filter=ours)


def refused_by_page() -> AccessLogFilter:
    """Return the filter that holds for calls whose client certificate was refused by an answer."""
    marked = MetadataMatcher(filter=METADATA, path=[MetadataMatcher.PathSegment(key=REFUSED)], value=ValueMatcher(bool_match=True))
    return AccessLogFilter(metadata_filter=MetadataFilter(matcher=marked, match_if_key_not_found=BoolValue(value=False)))


def status_at_least(status: int) -> AccessLogFilter:
    """Return the filter that holds for answers of this *status* or above."""
    return _status(ComparisonFilter.GE, status)


def _caller_left() -> AccessLogFilter:
    """Return the filter that holds where the caller was gone before an answer came."""
    return _both(AccessLogFilter(response_flag_filter=ResponseFlagFilter(flags=["DC"])), _status(ComparisonFilter.EQ, 0))


def _both(first: AccessLogFilter, second: AccessLogFilter) -> AccessLogFilter:
    return AccessLogFilter(and_filter=AndFilter(filters=[first, second]))


def _either(first: AccessLogFilter, second: AccessLogFilter) -> AccessLogFilter:
    return AccessLogFilter(or_filter=OrFilter(filters=[first, second]))


def _status(operation: ComparisonFilter.Op, status: int) -> AccessLogFilter:
    value = RuntimeUInt32(default_value=status, runtime_key="counting.status")
    return AccessLogFilter(status_code_filter=StatusCodeFilter(comparison=ComparisonFilter(op=operation, value=value)))
