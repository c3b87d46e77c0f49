"""How a call finds its API and operation, and how it goes on. [pure]"""
