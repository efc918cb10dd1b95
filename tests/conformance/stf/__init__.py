"""The STF language: statements, and the reader that makes them from text."""
