"""Benchmarks; each is one command that prints a table and JSON.

``python -m benchmarks.throughput``, ``.switch``, ``.scale``, ``.pages``, ``.faults``; ``--quick`` for a first look, ``--json FILE``
to keep the figures. docs/performance.md tells the method and what came of it.
"""
