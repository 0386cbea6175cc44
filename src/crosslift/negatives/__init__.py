"""`crosslift negatives`: mines hard negatives for pairs of texts."""
