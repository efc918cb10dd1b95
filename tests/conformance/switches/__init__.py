"""The switches that tests run on: a process each, with ports, gRPC and registers."""
