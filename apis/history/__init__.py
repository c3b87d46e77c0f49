"""History of APIs and subscriptions: what each was at any moment, read backwards out of the activity log, and putting that back.

``rewinding`` [pure] goes back over the values that lines hold, ``moments`` finds the lines, ``restoring`` puts values back by the forms and
actions of the tabs, ``documents`` gives the policy document of a moment, ``views`` are the pages.
"""
