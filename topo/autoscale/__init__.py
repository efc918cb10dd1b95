"""Load that rises and falls: the management entity spreads a firewall over nodes by itself."""
