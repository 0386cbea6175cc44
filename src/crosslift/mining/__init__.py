"""`crosslift mine`: finds pairs of translations in two files of texts."""
