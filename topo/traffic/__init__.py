"""Measured traffic: a generator that keeps its schedule, a receiver, exact accounts."""
