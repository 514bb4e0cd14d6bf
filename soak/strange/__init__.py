"""Data sets, pictures, settings and checkpoints that were made to harm who reads them, by their kind."""
