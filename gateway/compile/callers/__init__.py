"""Callers' certificates: which an API lets in, and what is passed on of them. [pure]"""
