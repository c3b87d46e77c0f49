"""Moving APIs to another certificate: chosen ones together, compared, tried and confirmed as a replacement is.

``models`` what waits, ``actions`` every change, ``views`` the pages, ``keeper`` what was planned. The moved APIs are one change: one
transaction, one set of lines in the activity log, and so one update that goes to the gateways together.
"""
