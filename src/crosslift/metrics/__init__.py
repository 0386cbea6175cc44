"""Scores that are not retrieval: of classes, of tags, of answers, and correlations of grades.

Retrieval has its own room, ``crosslift.retrieval``. Nothing here loads torch.
"""
