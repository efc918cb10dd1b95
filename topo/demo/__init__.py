"""The paper's experiment: a firewall moved under traffic, measured, printed, drawn."""
