"""From a program's objects to straight-line Python source."""
