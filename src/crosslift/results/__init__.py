"""The results of a run: records that the analysis builds and writes, and that the report reads.

Each file of a run folder has its records here, and nowhere else. `docs/json.md` describes their fields.
"""
