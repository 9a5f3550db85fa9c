"""Certificates of shortest paths and of what is read off them: lengths, layers to connect."""
