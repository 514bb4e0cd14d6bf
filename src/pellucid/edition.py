"""The edition of the arithmetic: one number for all that the bits of results depend on.

These are the orders of sums, which algorithm is chosen for which shape, the functions of `functions/`, random numbers
and what they are drawn for, and where numbers are rounded. Whatever changes a bit of any result raises the edition, and
`make digests` makes the digests anew that the tests compare with. Files say of which edition they are: a model's
numbers are of use in any, a recording is explained and replayed in its own alone.
"""

ARITHMETIC = 1
