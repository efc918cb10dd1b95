"""os-ken applications of the management entity, one class per file, each a shim over controller/."""
