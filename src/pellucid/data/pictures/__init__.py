"""Picture files: each kind by its own reader, all as `Samples`."""
