"""`crosslift mine`: pairs that translate each other out of two files of texts."""
