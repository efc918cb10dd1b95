"""Load: what nodes' counters say about packets/s, and when a node counts as loaded or idle."""
