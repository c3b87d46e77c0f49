"""Where the versions of an entry come from besides uploads: signing requests with a key made here, watched places.

A kind of source is one module beside :mod:`certificates.sources.watched`, entered in :mod:`certificates.sources.kinds`: it reads its
settings and brings what is there now, or says why it cannot. Looking at the right time, taking nothing half-written, delivering once and
telling of failures is written once, in :mod:`certificates.sources.keeper`. All of them hand what they bring to
:func:`certificates.sources.delivery.deliver`.
"""
