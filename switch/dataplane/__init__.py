"""The data-plane worker, a process of its own, and the control process's handle on it."""
