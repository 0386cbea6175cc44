"""The command `crosslift run` and its options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.cli.engine_options import engine_options
from crosslift.cli.option_groups import with_options
from crosslift.cli.options import (
    Json,
    KeepGoing,
    Out,
    Replace,
    StoreOption,
    StudyData,
    StudyFile,
    TrackerOption,
    TrustCode,
)

if TYPE_CHECKING:
    from crosslift.engines.crew import Engine


@with_options(engine=engine_options)
def run(
    *,
    study: StudyFile,
    out: Out = None,
    data: StudyData = None,
    keep_going: KeepGoing = False,
    trust_code: TrustCode = False,
    replace: Replace = False,
    engine: Engine | None,
    tracker: TrackerOption = None,
    store: StoreOption = None,
    json: Json = None,
) -> None:
    """Run a study, or its remaining steps, and write its report.

    After Ctrl-C, the same command resumes. Artifacts made by other code than this version are made
    again; `crosslift plan` lists them. The command does not write to a folder with another study's run.
    """
    from crosslift.studies.earlier_run import folder_for
    from crosslift.studies.reading import read_study
    from crosslift.studies.registration import registered
    from crosslift.training.trackers.all_trackers import check_tracker

    if tracker is not None:
        check_tracker(tracker)
    wanted, lock = read_study(study, data), registered(study)
    folder = folder_for(wanted, out, replace=replace)
    from crosslift.cli import running  # takes seconds: after what may be wrong with the file

    running.run(
        wanted,
        folder,
        store,
        json,
        keep_going=keep_going,
        trust_code=trust_code,
        registered=lock,
        engine=engine,
        tracker=tracker,
    )
