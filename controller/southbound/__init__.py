"""One driver interface over every kind of P4Runtime node."""
