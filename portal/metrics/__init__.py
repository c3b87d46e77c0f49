"""Figures for machines: ``/metrics`` in the text format of Prometheus, of the portal, the control plane and each agent.

``families`` [pure] writes the format and who may read it, ``measured`` is where rooms enter what they measure, ``pages`` answers.
What there is one of per certificate, API or gateway is bounded (:data:`portal.metrics.measured.MOST`).
"""
