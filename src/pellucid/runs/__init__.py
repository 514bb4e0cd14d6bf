"""A run as its settings say it: data, network and recipe; its receipt, and what it did to a number."""
