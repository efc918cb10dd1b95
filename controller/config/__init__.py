"""Configuration: the options of all parts, and their values once they are read and checked."""
