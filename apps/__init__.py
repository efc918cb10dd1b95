"""os-ken applications, each a shim over what ``controller`` decides and does."""
