"""Live search: a small server that asks the arms of a run the same query, side by side."""
