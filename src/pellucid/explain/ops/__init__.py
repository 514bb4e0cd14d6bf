"""What the numbers of each op were made of: one file for an op, or for several that are alike."""
