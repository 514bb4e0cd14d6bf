"""Long runs that look for crashes with things nobody would give on purpose; a sample of each runs in the tests."""
