"""Plans a study: finds the steps that it needs, from its settings and data, and computes nothing."""
