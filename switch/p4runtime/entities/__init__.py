"""Writing and reading P4 entities: one module per kind of entity."""
