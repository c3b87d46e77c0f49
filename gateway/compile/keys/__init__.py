"""Subscription keys: where callers put them, how they are checked. [pure]"""
