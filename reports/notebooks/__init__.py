"""Results as notebooks show them, and as the books and papers do that are made of notebooks."""
