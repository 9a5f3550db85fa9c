"""The backward graph computes derivatives, and nothing that nobody wants."""
