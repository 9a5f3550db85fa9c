"""Processors: the unrolled graph as arrays, and what list scheduling makes of it."""
