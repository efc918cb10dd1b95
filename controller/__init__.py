"""What the applications decide and act with. Imports neither apps, topo nor switch."""
