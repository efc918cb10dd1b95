"""Pure decisions: a view, the load and the time go in, a plan comes out."""
