"""Shortest paths between positions: lengths, hops, what reaches what, as certified pieces."""
