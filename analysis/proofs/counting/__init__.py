"""Certificates of sums over domains: counts, layers, positions, sorting, steps."""
