"""Test sets of captioned pictures in many languages, in the files that they are published as."""
