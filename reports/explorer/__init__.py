"""The explorer of a page: sizes and settings are chosen, and every figure is computed there."""
