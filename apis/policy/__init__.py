"""An API's policy as values: what the gateway does for the API, and its XML document. [pure]"""

from apis.policy.document import MASKED_PASSWORD, UnreadablePolicy, as_xml, document_with, parse, read_document, sections_in
from apis.policy.reader import Document, Scope

__all__ = ["MASKED_PASSWORD", "Document", "Scope", "UnreadablePolicy", "as_xml", "document_with", "parse", "read_document", "sections_in"]
