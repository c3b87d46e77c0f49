"""People: who has an account and in which role, inviting, changing and removing them, and everybody's own profile.

Every change goes through :mod:`portal.people.actions`, from pages, Django admin and commands alike, so that each is told in the activity
log and none takes the last administrator away (:mod:`portal.administrators`).
"""
