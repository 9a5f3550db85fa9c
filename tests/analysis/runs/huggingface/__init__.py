"""Laws of the transformers engine."""
