"""Certificates of what is kept and moved: states, activations, workspace, traffic."""
