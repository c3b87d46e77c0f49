"""The publisher portal: the floor the other apps stand on."""
