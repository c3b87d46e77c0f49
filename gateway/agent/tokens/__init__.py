"""Tokens for calls to back ends, fetched from this gateway's own place, kept in memory alone, renewed before they end. [pure]"""
