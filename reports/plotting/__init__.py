"""Plots of models: what they are asked for, how they are made, and what a page shows of them."""
