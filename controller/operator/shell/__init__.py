"""The interactive shell: ``hitless shell``."""
