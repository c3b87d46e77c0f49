"""Tests of the figures for machines."""
