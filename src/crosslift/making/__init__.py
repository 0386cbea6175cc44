"""Makes the artifacts of steps, and reads them again: one module for each kind.

The modules that a module of this package imports are the code of its artifacts, so it imports nothing
that plans.
"""
