"""Mininet topologies and node classes for the embedded switch and for BMv2."""
