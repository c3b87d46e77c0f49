"""Tests of the history of things."""
