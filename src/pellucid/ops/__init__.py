"""The ops: one file each, formula and gradient on one screen. The specification that every kernel must match."""
