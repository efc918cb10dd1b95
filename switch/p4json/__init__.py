"""The JSON that p4c's BMv2 back end emits, read into typed objects."""
