"""Back ends as entries: where calls go and how the gateway proves itself there, for all APIs that use one.

What an entry says stands in its APIs' own columns, too, written there in the same transaction: whatever asks what an API presents or
trusts, finds it there. How calls are shared among several addresses is the entry's alone.
"""
