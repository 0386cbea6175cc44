"""The place for scores that are not retrieval: accuracy of classes, F1 of tags, F1 of answers.

Each will have a file of its own here. Retrieval has its own room, ``crosslift.retrieval``.
"""
