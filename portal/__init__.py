"""The publisher portal: the floor the other apps stand on."""

__version__ = "0.1.0"  # the one place that says it; a release changes it here
