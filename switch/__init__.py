"""The embedded switch: runs BMv2 JSON, serves P4Runtime; a process of its own."""
