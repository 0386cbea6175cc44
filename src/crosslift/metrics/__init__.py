"""Scores that are not retrieval: of classes, of tags, of answers, and correlations of grades.

Retrieval is in ``crosslift.retrieval``. Nothing here loads torch.
"""
