"""One module for each part of ``python -m benchmarks``; each yields a row once it is measured."""
