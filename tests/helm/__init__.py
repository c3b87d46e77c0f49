"""Tests of the Helm chart: rendered by Helm itself and held against the published schemas."""
