"""The step engine: defines steps, checks whether their artifacts are up to date, and runs them.

It knows nothing about studies: it runs any graph of steps.
"""
