"""Tests of sources: signing requests, watched places, the command."""
