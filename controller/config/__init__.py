"""Configuration: the options of all parts, what they mean where parts do not say, where to listen."""
