"""What the gateway itself answers, and what it notes of calls that failed. [pure]"""
