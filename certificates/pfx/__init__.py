"""Reading PFX (PKCS#12) files. [pure]"""
