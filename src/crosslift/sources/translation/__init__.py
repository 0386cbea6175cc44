"""Machine translation of English training data."""
