"""The functions for Python users, which the command line calls: run a study, evaluate an encoder,
export an arm."""
