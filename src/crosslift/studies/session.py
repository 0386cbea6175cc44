"""The ways in: run a study, evaluate an encoder, export an arm. The command line calls these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.store import Store
from crosslift.encoders.lend import LentEncoder
from crosslift.encoders.settings import EncoderSettings
from crosslift.errors import StudyError, UnknownNameError
from crosslift.reports.run_folder import RunFolder
from crosslift.studies.plan import ArmRun, load_target, plan_study
from crosslift.studies.reading import study_of
from crosslift.studies.run import Listener, Silent, make_step, run_plan
from crosslift.studies.run_folder import write_run_folder
from crosslift.studies.schema import Study
from crosslift.studies.steps import Workplace
from crosslift.studies.target_steps import encode_step, evaluate_step, reading_of
from crosslift.studies.training_steps import Trained
from crosslift.targets.evaluate import OUTCOME_OF_METRIC
from crosslift.targets.target import Direction, TargetSettings


def run_study(
    study: Study, out: Path, store: Store | None = None, listener: Listener | None = None
) -> RunFolder:
    """Runs a study, or what is left of it, and writes its folder and report.

    Args:
        study: what to run.
        out: folder for results.csv, results.parquet, report.html and the rest.
        store: of the artifacts; None: the one in the user's cache.
        listener: told of the run as it goes; None: nobody.

    Returns:
        The folder, read.

    Raises:
        CrossLiftError: a step cannot be made; all steps made before it are kept.
    """
    kept = store or Store()
    plan = plan_study(study)
    records = run_plan(plan, kept, listener)
    write_run_folder(plan, kept, records, out)
    return RunFolder.read(out)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The scores of one encoder on one target under one protocol.

    Args:
        model: name of the encoder.
        target: name of the target.
        protocol: every setting of the protocol and of the encoder's reading.
        macro: metric -> unweighted mean over the languages.
        languages: language -> {"n": queries, metric: value}; in [0, 1].
        gaps: language -> why it is not measured.
    """

    model: str
    target: str
    protocol: Mapping[str, Any]
    macro: Mapping[str, float]
    languages: Mapping[str, Mapping[str, float]]
    gaps: Mapping[str, str]


def evaluate(
    model: EncoderSettings | str,
    target: TargetSettings | str,
    direction: Direction = "xx->en",
    store: Store | None = None,
    listener: Listener | None = None,
) -> Evaluation:
    """Measures an encoder on a target of texts, as it is.

    Args:
        model: `embedded`, a folder, a hub name, or settings of an encoder.
        target: name or settings of a target.
        direction: which side asks.
        store: keeps the vectors, so that a second call takes no time; None: the user's cache.
        listener: told of the work as it goes; None: nobody.

    Raises:
        UnknownNameError: a target, language or direction that does not exist.
        StudyError: the target needs an image tower, which an encoder alone does not have.
        DataError, EncoderError: data or encoder cannot be used.
    """
    settings = EncoderSettings(name=model) if isinstance(model, str) else model
    asked = TargetSettings(name=target) if isinstance(target, str) else target
    loaded = load_target(asked)
    protocols = {p.direction: p for p in loaded.target.protocols}
    if loaded.target.kind == "pictures":
        raise StudyError(
            f"target {asked.name!r} needs an image tower, which {settings.name!r} alone does not have",
            "a target of texts",
            "run a study with an image-text arm: `crosslift demo` shows one",
        )
    if direction not in protocols:
        raise UnknownNameError("direction", direction, protocols)
    kept, heard = store or Store(), listener or Silent()
    texts = encode_step(Trained.untouched(settings), loaded)
    workplace = Workplace(kept, LentEncoder(), heard.advance)
    for step in (texts, scored := evaluate_step(loaded, texts, None)):
        if not step.stands(kept):
            heard.begin(step)
            make_step(step, workplace)
            heard.end(step, kept.manifest(step.kind, step.key).seconds)
    protocol = protocols[direction]
    languages = _by_language(scored.open(kept) / "outcomes.parquet", protocol.id)
    macro = {
        metric: sum(values[metric] for values in languages.values()) / len(languages)
        for metric in OUTCOME_OF_METRIC
    }
    told = protocol.facts() | reading_of(texts, kept)
    return Evaluation(settings.name, asked.name, told, macro, languages, loaded.data.gaps)


def _by_language(outcomes: Path, protocol: str) -> dict[str, dict[str, float]]:
    table = pq.read_table(outcomes, filters=[("protocol", "==", protocol)])
    found: dict[str, dict[str, float]] = {}
    for language in dict.fromkeys(table["language"].to_pylist()):
        rows = table.filter(pq.filters_to_expression([("language", "==", language)]))
        scores = {
            m: float(rows[o].to_numpy().mean(dtype=np.float64))
            for m, o in OUTCOME_OF_METRIC.items()
        }
        found[language] = {"n": len(rows), **scores}
    return found


def export_arm(run: Path, arm: str, to: Path, seed: int | None = None) -> Path:
    """Writes an arm's text encoder as a sentence-transformers folder with a model card.

    Args:
        run: folder of a run.
        arm: name of the arm.
        to: new folder.
        seed: which seed's weights; None: the arm's first.

    Raises:
        UnknownNameError: no such arm or seed.
        StudyError: the folder to write exists and is not empty.
        ArtifactError: the run's artifacts are no longer in its store.
    """
    from crosslift.encoders.export import write_sentence_transformer
    from crosslift.reports.model_card import card_of_arm, model_card

    folder = RunFolder.read(run)
    facts = folder.arm(arm)
    study = study_of(_read_study(run))
    chosen = facts.seeds[0] if seed is None else seed
    if chosen not in facts.seeds:
        raise UnknownNameError(f"seed of arm {arm!r}", str(chosen), map(str, facts.seeds))
    if to.exists() and any(to.iterdir()):
        raise StudyError(f"{to} exists and is not empty", "a new folder")
    encoder = _arm_run(study, arm, chosen).encoder
    loaded = encoder.load(Workplace(Store(Path(folder.run.store))))
    card = card_of_arm(
        folder,
        arm,
        chosen,
        to.name,
        loaded.reading.prompt,
        "mit" if facts.encoder == "embedded" else None,
        _licence_note(facts.encoder),
    )
    write_sentence_transformer(loaded, to)
    with file_written_whole(to / "README.md") as draft:
        draft.write_text(model_card(card), encoding="utf-8")
    return to


def _licence_note(encoder: str) -> str:
    if encoder == "embedded":
        return "The weights derive from multilingual-e5-small (MIT), which is carried in 4 bits."
    return f"The weights derive from {encoder}: its licence holds."


def _read_study(run: Path) -> dict[str, Any]:
    import json

    path = run / "study.json"
    if not path.is_file():
        raise StudyError(f"{path} is missing", "the folder of a run", "run the study again")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _arm_run(study: Study, arm: str, seed: int) -> ArmRun:
    only = study.model_copy(update={"arms": {arm: study.arms[arm]}, "targets": ()})
    return next(run for run in plan_study(only).runs if run.seed == seed)
