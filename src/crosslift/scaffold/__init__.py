"""A first study from your own files: what they are, what is held out, and the study's text."""
