"""Queries, passages and judgements: what they are, and the files that have them."""
