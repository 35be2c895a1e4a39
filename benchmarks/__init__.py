"""The speed of scratchnet beside other ways to do the same, measured by `python -m benchmarks`."""
