"""The house's functions: their errors proved, every float32 argument tried, float64 ones by the hundred million."""
