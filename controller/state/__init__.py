"""What state a network function has, and how two copies of it become one."""
