"""Tests of the history of APIs."""
