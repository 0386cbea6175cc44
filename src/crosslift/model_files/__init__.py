"""The files of published models: found here or on the hub, identified, checked and loaded.

Text encoders, image towers and translators each declare a `ModelKind`; this package does the rest.
"""
