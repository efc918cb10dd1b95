"""One function per primitive, in files by family: each emits the code of one call."""
