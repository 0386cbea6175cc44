"""Checks the prompts of a study's tasks against the encoder that they train."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.unpooled_prompt import error_of_prompts
from crosslift.errors import CrossLiftError
from crosslift.studies.arms import Arm, Start
from crosslift.studies.checks import StudyFault
from crosslift.studies.schema import Study


def check_prompts(study: Study) -> Iterator[StudyFault]:
    """Yields the stages with a task whose texts have a second prompt, where their encoder can have only
    one and its files are here (see `error_of_prompts`)."""
    for name, start in study.starts.items():
        yield from _faults(("starts", name), start, start.encoder)
    for name, arm in study.arms.items():
        yield from _faults(("arms", name), arm, study.start_of(arm).encoder)


def _faults(
    place: tuple[str, str], owner: Start | Arm, encoder: EncoderSettings
) -> Iterator[StudyFault]:
    for number, stage in enumerate(owner.stages):
        for task in stage.tasks:
            error = None
            with contextlib.suppress(CrossLiftError):  # faults of the files, which planning reports
                error = error_of_prompts(task, encoder)
            if error is not None:
                expected = f"{error.expected}: {error.what}"
                yield StudyFault((*place, "stages", number), task.side_prompts, expected)
