"""The benchmark of switches: packets, control operations, memory; side by side with BMv2."""
