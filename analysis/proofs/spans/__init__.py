"""Certificates of spans: potentials from above, chains from below."""
