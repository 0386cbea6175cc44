"""Sources of labelled examples in many languages: classified pairs, tagged words, questions."""
