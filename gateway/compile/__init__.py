"""Envoy resources from policies. [pure]"""
