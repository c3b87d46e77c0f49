"""An API's policy as values: what the gateway does for the API, and its XML document. [pure]"""

from apis.policy.document import MASKED_PASSWORD, UnreadablePolicy, as_xml, parse

__all__ = ["MASKED_PASSWORD", "UnreadablePolicy", "as_xml", "parse"]
