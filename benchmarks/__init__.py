"""Benchmarks: seconds of this package against a named alternative, taken in the same run."""
