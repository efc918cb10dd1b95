"""Metrics for Prometheus: what happened is counted, what is is looked up, both are served."""
