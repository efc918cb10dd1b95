"""Measured traffic: a generator that keeps its schedule, a receiver with kernel time stamps, exact
accounts.
"""
