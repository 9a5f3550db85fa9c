"""Certificates of state bounds: cuts from above, flows from below."""
