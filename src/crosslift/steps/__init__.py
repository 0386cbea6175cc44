"""The step engine: what a step is, whether its artifact is up to date, and how steps are run.

It knows nothing of studies: it runs any graph of steps.
"""
