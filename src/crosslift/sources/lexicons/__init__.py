"""Word pairs of two languages: read from dictionaries and lists, and split so that no word leaks."""
