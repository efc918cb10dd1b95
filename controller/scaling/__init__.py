"""What acts on plans: scaling, draining, and taking over from nodes that died."""
