"""What happens, and who is told: events to apps, lines to the log and to a file, a history."""
