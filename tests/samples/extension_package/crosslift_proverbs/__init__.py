"""Proverbs: a target, a task, a metric and a form for CrossLift."""
