"""Delta xDS streams and the cache of resources that feeds them: no Django, no database, one thread. [pure]"""
