"""What callers meet first: the listener and the order of its filters. [pure]"""
