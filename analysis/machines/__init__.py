"""Machines: what the operations of a graph take on a processor with stated rates."""
