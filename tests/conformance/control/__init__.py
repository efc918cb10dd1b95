"""Control statements of STF, as P4Runtime entities."""
