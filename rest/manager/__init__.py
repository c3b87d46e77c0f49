"""What clients of the resource manager ask for before anything of ours: where everything is, a token, which subscriptions there are.

With it the command-line client and PowerShell can be pointed at the portal alone. Nothing of it is stored.
"""
