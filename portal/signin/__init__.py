"""Signing in: passwords, company accounts, passkeys and second factors, on django-allauth; sessions; confirming who one is once more.

=====================  ===============================================================================================
``store``              sessions: a digest of the key and sealed content in the database, limits of idleness and in all
``sessions``           whose sessions there are, and ending them; ``ending`` does so when a role or a password changes
``confirming``         before dangerous acts: a view that asks for the password or the passkey unless that was just done
``passwords``          which passwords are refused
``providers``          [pure] company accounts, from the environment; ``company`` who comes in with one, and as what
``second_factors``     who has one, whose role demands one, taking them away
``forms``, ``views``   the pages
=====================  ===============================================================================================
"""
