"""Work, span and path lengths of sequence models."""
__version__ = "0.1.0"
