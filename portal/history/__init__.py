"""History: what was before and after each change, beside what is now; putting a change's values back; undo.

The lines of the activity log hold the values (``portal.activity``). ``reading`` finds the lines about one thing, ``restoring`` is where
rooms enter how their values are put back, ``undo`` offers the way back beside "Saved.", ``pages`` shows one line.
"""
