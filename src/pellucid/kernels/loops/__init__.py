"""The loops over numbers, in Python that Numba compiles: one file for each kind of work."""
