"""An arm's searches as run files of TREC, which trec_eval, ir_measures and others score."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.read_once import reading_once
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, StudyError, UnknownNameError
from crosslift.making.loaded_target import Loaded
from crosslift.making.trained import Trained
from crosslift.making.vectors import OWN_ROLES, open_lookups, side_lookups
from crosslift.planning.load_target import load_target
from crosslift.planning.plan_study import arm_run
from crosslift.planning.text_steps import encode_steps
from crosslift.results.run_folder import RunFolder
from crosslift.steps.run import Listener
from crosslift.studies.reading import saved_study
from crosslift.submissions.reported_steps import ReportedSteps
from crosslift.submissions.submission import Submission
from crosslift.targets.all_targets import find_target
from crosslift.targets.evaluate_judged import ranked_ids
from crosslift.targets.kinds.judged_texts import JudgedData

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


@reading_once()
def write_trec_runs(
    run: Path,
    arm: str,
    to: Path,
    seed: int | None = None,
    listener: Listener | None = None,
    *,
    trust_code: bool = False,
) -> Submission:
    """Writes the first hundred passages of every query of an arm, a file for each target and language.

    The vectors are those of the run: vectors that are up to date in the store are not computed again,
    and a result that differs from the run is an error. Equal scores are ordered as in trec_eval.

    Args:
        run: folder of a run.
        arm: name of the arm.
        to: new folder; it gets ``TARGET.LANGUAGE.run``, lines of query, Q0, passage, rank, score, tag.
        seed: seed of the searches; None: the arm's first seed.
        listener: receives the progress of the work. None: no reports.
        trust_code: use artifacts that other code made.

    Raises:
        UnknownNameError: no such arm or seed.
        StudyError: the study has no target whose queries search passages, or the folder is not empty.
        DataError: an id with a space.
        ArtifactError: an artifact of the store differs from the one that the run reports.
    """
    folder, study = RunFolder.read(run), saved_study(run)
    seeds = folder.arm(arm).seeds
    chosen = seeds[0] if seed is None else seed
    if chosen not in seeds:
        raise UnknownNameError(f"seed of arm {arm!r}", str(chosen), map(str, seeds))
    if to.exists() and any(to.iterdir()):
        raise StudyError(f"{to} exists and is not empty", "a new folder")
    searched = [each for each in study.targets if find_target(each.name).ranks_passages]
    if not searched:
        raise StudyError(
            f"study {study.name!r} has no target whose queries search passages",
            "a target such as `judged` or `measures`",
        )
    encoder = arm_run(study, arm, chosen).encoder
    steps = ReportedSteps(folder, Store(Path(folder.run.store)), listener or Silent(), trust_code)
    tag = _NOT_IN_NAMES.sub("-", f"{study.name}-{arm}-{chosen}")
    files = []
    for settings in searched:
        loaded: Loaded[JudgedData] = load_target(settings)
        for language, lines in _runs(encoder, loaded, steps, tag):
            path = to / f"{settings.name}.{language}.run"
            with file_written_whole(path) as draft:
                draft.write_text("".join(lines), encoding="utf-8")
            files.append(path)
    return Submission(files, steps.by_other_code)


def _runs(
    encoder: Trained, loaded: Loaded[JudgedData], steps: ReportedSteps, tag: str
) -> Iterator[tuple[str, list[str]]]:
    """Language -> the lines of its file."""
    encoding = encode_steps(encoder, loaded)
    steps.make([step for of_language in encoding.values() for step in of_language.values()])
    for language, judged in loaded.data.sets.items():
        spaced = [name for name in (*judged.queries, *judged.pool.ids) if len(name.split()) != 1]
        if spaced:
            raise DataError(
                f"{loaded.target.name}, {language}: the id {spaced[0]!r} has a space",
                "ids without spaces, which separate the columns of a run",
                "give it another id",
            )
        sides = side_lookups(open_lookups(encoding[language], steps.store), OWN_ROLES)
        rows = ranked_ids(judged, sides)
        yield (
            language,
            [
                f"{query} Q0 {passage} {rank} {score:.9g} {tag}\n"
                for query, found in zip(judged.queries, rows, strict=True)
                for rank, (passage, score) in enumerate(found, 1)
            ],
        )
