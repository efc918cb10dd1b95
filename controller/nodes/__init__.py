"""The nodes: a driver and a keeper for each, those that come and go at run time."""
