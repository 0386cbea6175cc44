"""A first study from your own files: their kinds, the held-out parts, and the text of the study."""
