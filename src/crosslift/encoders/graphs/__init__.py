"""Encoders as graphs of other libraries: what a folder holds, how it is written, how it is run."""
