"""Definitions of APIs, OpenAPI 3 and Swagger 2: document → operations, and back. [pure]

``text`` and ``loading`` make plain values of bytes, ``references`` follows what stands elsewhere in the document, ``paths``,
``content`` and ``servers`` read what the gateway needs, ``checking`` compares with the published schemas, ``reading`` is all of it
in its order. ``child`` does it in a process of its own, since documents are strangers'. ``writing`` is the way back.
"""
