"""Trackers: where a run shows its curves, costs and dev scores while it trains."""
