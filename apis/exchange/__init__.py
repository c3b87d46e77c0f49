"""Import and export of definitions: what an API's operations become by a document, and the document that they make.

``planning`` compares a definition with the operations that are there, ``fetching`` gets one from a URL under the address rules, ``actions``
stores, ``words`` tells people, ``documenting`` is where the REST API keeps what has no effect here; pages are ``forms`` and ``views``.
"""
