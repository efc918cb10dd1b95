"""Nodes, links, hosts, network functions and slots, and the placement view over them."""
