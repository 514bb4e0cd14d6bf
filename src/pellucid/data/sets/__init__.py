"""Data sets from files: whatever is read here is not trusted, and no name in a file is ever followed."""
