"""Which nodes, ports, links and hosts there are, found out by asking and listening."""
