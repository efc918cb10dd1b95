"""Operator commands, and the RPC that offers them."""
