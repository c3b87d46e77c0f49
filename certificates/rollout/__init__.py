"""Compare, try, confirm: how a version becomes the current one with care.

A *candidate* (``models``) is what shall become an entry's next version, whoever brings it. ``comparison`` [pure] sets it beside what is
presented now, ``trying`` has it shown to the back ends before any caller meets it, ``actions`` decide when it is switched to, and
``keeper`` does in threads of the xDS process what takes time or has a time. Nothing presents a candidate: it is a table of its own,
and becomes a version only by :func:`certificates.actions.renew`.
"""
