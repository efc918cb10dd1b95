"""Moving slots of a function between nodes: plan, steps, executor, journal, the two methods."""
