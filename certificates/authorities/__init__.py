"""Trusted authorities: entries of certificates that back ends and callers have to lead to, used by many APIs, replaced in one place.

They hold no private keys, so they are rows of their own beside the entries of :mod:`certificates.models`. What an API trusts stands in the
API as text, too, which is what the gateway gets; a replaced entry writes it anew (:mod:`certificates.authorities.uses`).
"""
