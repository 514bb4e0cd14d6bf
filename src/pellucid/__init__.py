"""Pellucid: convolutional networks made of glass."""
