"""How fast CrossLift encodes and trains, against sentence-transformers on the same machine."""
