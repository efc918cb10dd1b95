"""Forwarding: which entries and groups lead packets between hosts, and bringing nodes to them."""
