"""The page: the network as a picture, live. A process of its own, a client of the RPC."""
