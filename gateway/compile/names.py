"""What resources, filters and internal headers are called. [pure]"""

from __future__ import annotations

import re

from apis.policy.failure import FAILURE_HEADER
from apis.policy.model import DEFAULT_KEY_HEADER
from portal.whole_numbers import whole_number

# Headers between our own filters. Callers' values are overwritten or removed before any filter runs; back ends never see them.
SCOPE_HEADER = "x-portal-scope"  # the path and a slash: what the scope and, within it, the API are found by
ROOT_SCOPE = "/?/"  # what SCOPE_HEADER becomes for the API at the root; no path holds a question mark
KEY_HEADER = DEFAULT_KEY_HEADER.lower()  # where the key check reads the key, wherever the caller has put it
# Whose key the caller has shown, where the API counts by it. One of the names that Envoy finds without a search (a key that is compared
# costs 30 ns, not 100); it means something to a filter that we do not have.
OWNER_HEADER = "x-envoy-ip-tags"
SECRET_HEADER = "x-portal-secret"  # noqa: S105 - a name; on its way into the query, within the filters of a cluster
CALLER_HEADER = "x-portal-caller"  # the thumbprint of the certificate that a caller has shown

# What the gateway tells in answers of its own; a back end's are removed.
ACTIVITY_HEADER = "x-activity-id"
CONNECTION_HEADER = "x-portal-connection"  # between our own filters: callers never see it
OWN_ANSWER_HEADERS = (ACTIVITY_HEADER, CONNECTION_HEADER, FAILURE_HEADER)

# Listeners: for HTTP, for HTTPS, and for HTTP/3.
HTTP_LISTENER = "gateway"
HTTPS_LISTENER = "gateway-https"
HTTP3_LISTENER = "gateway-http3"

# HTTP filters, by the names routes refer to them with.
TO_HTTPS_FILTER = "to-https"
ALTERNATIVES_FILTER = "alternative-service"
PATHS_FILTER = "paths"
ROOT_FILTER = "root"
CORS_FILTER = "cors"
CALLERS_FILTER = "callers"
LINK_FILTERS = {2: "callers-2", 3: "callers-3"}  # by the link of the path that they check
REDIRECTS_FILTER = "redirects"
TRAILERS_FILTER = "trailers"
KEY_NAMES_FILTER = "key-names"
KEY_QUERY_FILTER = "key-query"
KEY_SHARDS_FILTER = "key-shards"
IP_FILTER = "ip-filter"  # also the name of the rule by which it lets callers in
QUERY_FILTER = "query-parameters"
HTTP1_FILTER = "only-http1"  # of WebSockets only
KEYS_FILTER = "keys"  # also the name of the resource it comes as

XDS_CLUSTER = "xds"  # where the configuration comes from, from the bootstrap: the agent
# Of every segment's virtual host. Envoy's counters are named after it, and are taken apart at dots, which the path of an API may hold.
# An API that moves to another path goes on counting where it was.
VIRTUAL_HOST = "calls"
TRUST_BUNDLE = "system-trust"  # the system's authorities, from the bootstrap: each gateway reads its own machine's
METADATA = "portal"  # namespace of our metadata on routes, clusters and calls
WITHOUT_CERTIFICATE = "without-certificate"  # in the metadata of a cluster and of routes: no client certificate is presented
OPERATION_METADATA, OPERATION = "portal.operation", "operation"  # in the metadata of routes: which operation matched; nothing runs by it
ANSWER_METADATA, CONTENT_TYPE = "portal.answer", "content-type"  # in the metadata of routes that answer by themselves, as a policy says
PRESENTS = "presents"  # in a cluster's metadata: the thumbprint of the client certificate that it presents

_SERVER_SECRETS = "server-"
_TOKEN_SOURCES = "token-source-"  # noqa: S105 - a name
_CLUSTER_NAME = re.compile(r"api-(\d+)\Z")


def cluster_name(api_id: int) -> str:
    """Return the name of an API's cluster."""
    return f"api-{api_id}"


def api_of_cluster(name: str) -> int | None:
    """Return the id of the API whose cluster is called *name*, ``None`` if it is no API's."""
    found = _CLUSTER_NAME.match(name)
    return int(found[1]) if found else None


def basic_secret_name(api_id: int) -> str:
    """Return the name of the secret that holds an API's Authorization header."""
    return f"basic-{api_id}"


def shared_secret_name(api_id: int) -> str:
    """Return the name of the secret that an API sends in a header or a query parameter."""
    return f"shared-secret-{api_id}"


def token_name(api_id: int) -> str:
    """Return the name of the secret that holds the token of an API's calls; the agent gives it to Envoy."""
    return f"token-{api_id}"


def token_source_name(api_id: int) -> str:
    """Return the name of the secret that tells the agent where an API's token comes from."""
    return f"{_TOKEN_SOURCES}{api_id}"


def api_of_token_source(name: str) -> int | None:
    """Return the id of the API whose source of tokens is called *name*, ``None`` if it is no source."""
    number = name.removeprefix(_TOKEN_SOURCES)
    return whole_number(number) if number != name else None


def server_secret_name(certificate_id: int) -> str:
    """Return the name of the secret that holds a server certificate, and of what callers that get it meet."""
    return f"{_SERVER_SECRETS}{certificate_id}"


def is_server_secret(name: str) -> bool:
    """Return whether the secret called *name* holds a server certificate."""
    return name.startswith(_SERVER_SECRETS)


def base_of(path: str) -> str:
    """Return what the paths of an API's calls begin with: its *path* behind a slash; nothing for the API at the root."""
    return f"/{path}" if path else ""


def segment_of(path: str) -> str:
    """Return the first segment of an API's *path*: the scope its routes live in; empty for the API at the root."""
    return path.strip("/").partition("/")[0]


def segment_name(segment: str) -> str:
    """Return the name of the routes and of the scope of a first path segment."""
    return f"segment-{segment}"


def shard_name(shard: str) -> str:
    """Return the name of the filter configuration that holds the keys of *shard*."""
    return f"keys-{shard}"
