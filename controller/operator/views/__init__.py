"""How the data of commands looks to people: one function for each command, from data to lines."""
