"""From number to number: what one was made of, what reads it, how far it reaches."""
