"""Whatever runs the tests and docstrings' examples, nobody has said how wide a pipe is or which language to speak."""

import os

for name in ("COLUMNS", "PELLUCID_LANG"):
    os.environ.pop(name, None)
