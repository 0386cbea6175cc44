"""What makes the artifacts of steps: a module for each kind, and what reads it again.

The modules that a module of this package imports are the code of its artifacts, so it imports nothing
that plans.
"""
