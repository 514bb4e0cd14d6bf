"""Recordings in files, which are read as what they are: untrusted."""
