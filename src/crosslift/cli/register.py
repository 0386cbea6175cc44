"""The command `crosslift register`."""

from __future__ import annotations

from crosslift.cli.options import Json, StudyFile


def register(study: StudyFile, json: Json = None) -> None:
    """Register the questions of a study before it runs: write its lock, NAME.lock.

    The lock holds questions, arms, targets, seeds and margins, the time and a hash. A run of the
    study then says "as registered", or lists what differs.
    """
    from crosslift.cli import registering

    registering.show(study, json)
