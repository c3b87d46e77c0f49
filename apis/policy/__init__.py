"""An API's policy as values: what the gateway does for the API, and its XML document. [pure]"""
