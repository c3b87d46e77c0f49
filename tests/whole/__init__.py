"""Tests of the whole thing, running; one after the other, because they measure and stop what is running."""
