"""What generated code calls: tables, hashes, checksums, counters, meters, replication."""
