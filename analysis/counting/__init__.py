"""Sums over domains: parameters, work, the work of one more token."""
