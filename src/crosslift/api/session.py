"""Entry points: run a study, evaluate an encoder. The command line calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from crosslift.analysis.language_bias import bias_of_encoder
from crosslift.analysis.language_groups import groupings
from crosslift.analysis.partial_run import unfinished
from crosslift.api.models import Model, encoder_settings, known_model
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.read_once import reading_once
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.engines.crew import Crew, Engine
from crosslift.errors import UnknownNameError
from crosslift.making.evaluate import open_mined, open_outcomes
from crosslift.making.found_languages import open_found_languages
from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.object_encoder import ObjectEncoder, store_of, untouched
from crosslift.making.trained import Trained
from crosslift.metrics.table import metrics_of_queries
from crosslift.planning.load_target import load_target
from crosslift.planning.plan_study import plan_study
from crosslift.planning.sizes import needs_of
from crosslift.planning.sweep_steps import sweep_of, sweep_steps
from crosslift.planning.target_steps import evaluate_steps
from crosslift.planning.text_steps import reading_of
from crosslift.results.evaluations import Evaluation, GroupScores
from crosslift.results.published_scores import ModelScores
from crosslift.results.reading_sweep import SWEEP_FILE, ReadingChoice, Sweep, SweepArm
from crosslift.results.result_record import read_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.steps.run import Listener, make_steps, run_plan
from crosslift.steps.step import Step
from crosslift.studies.earlier_run import check_folder
from crosslift.studies.registration import Registered
from crosslift.studies.schema import Study
from crosslift.targets.protocol import OURS, Direction
from crosslift.targets.query_outcomes import score_of
from crosslift.targets.target_settings import TargetSettings
from crosslift.training.trackers.all_trackers import check_tracker


@reading_once()
def run_study(
    study: Study,
    out: Path | str,
    store: Store | None = None,
    listener: Listener | None = None,
    *,
    keep_going: bool = False,
    trust_code: bool = False,
    registered: Registered | None = None,
    replace: bool = False,
    engine: Engine | None = None,
    tracker: str | None = None,
) -> RunFolder:
    """Runs a study, or what remains of it, and writes its folder and report.

    Args:
        study: the study.
        out: folder for results.csv, results.parquet, report.html and the rest.
        store: store of the artifacts; None: the store in the user's cache.
        listener: receives the progress of the run. None: no reports.
        keep_going: if an arm fails, name it in the report and continue with the others.
        trust_code: use artifacts that other code made, and name them in the report.
        registered: the study's lock, see `crosslift.studies.registration.registered`. None: none.
        replace: delete the earlier run of another study in the folder.
        engine: workers that make the steps, such as ``Processes(4)``; None: one step after another in
            this process.
        tracker: shows training steps while they train, in `out`/tracking: ``tensorboard``,
            ``trackio``, ``wandb`` or ``mlflow``. None: nothing does.

    Returns:
        The results in the folder.

    Raises:
        StudyError: the folder holds the run of another study, or the tracker's package is missing.
        UnknownNameError: there is no such tracker.
        CrossLiftError: a step fails; the store keeps all finished steps.
    """
    from crosslift.analysis.write_run_folder import write_run_folder  # loads matplotlib

    out = Path(out)
    if tracker is not None:
        check_tracker(tracker)
    check_folder(out, study, replace=replace)
    store = store or Store()
    plan = plan_study(study, keep_going=keep_going)
    with unfinished(out, study, store, registered, trust_code=trust_code):
        done, records = run_plan(
            plan,
            store,
            listener,
            keep_going=keep_going,
            trust_code=trust_code,
            maker=None if engine is None else Crew(engine, needs_of),
            tracker=plan.tracker(tracker, out),
        )
        write_run_folder(done, store, records, out, registered)
    return RunFolder.read(out)


@reading_once()
def evaluate(
    model: Model,
    target: TargetSettings | str,
    protocol: str = "crosslift",
    direction: Direction | None = None,
    store: Store | None = None,
    listener: Listener | None = None,
) -> Evaluation:
    """Measures an untrained encoder on a target of texts, under one protocol.

    Args:
        model: `embedded`, a folder, a hub name, settings of an encoder, or any object with a method
            `encode` from a list of N texts to an array [N, D], such as a SentenceTransformer.
        target: name or settings of a target.
        protocol: name of the protocol.
        direction: the side used as queries, for a protocol with two directions, or ``both``; None: the
            first direction of the protocol.
        store: keeps the vectors, so that a second call takes no time; None: the user's cache. The
            vectors of an object are never kept.
        listener: receives the progress of the work. None: no reports.

    Raises:
        UnknownNameError: a target, language, protocol or direction that does not exist.
        StudyError: the target needs an image tower, which an encoder alone does not have.
        DataError, EncoderError: data or encoder cannot be used.
    """
    direction_of_ours = direction if protocol == OURS else None
    settings, loaded = _loaded(model, target, (protocol,), direction_of_ours)
    protocols = tuple(p for p in loaded.protocols if p.name == protocol)
    if not protocols:
        names = {p.name for p in loaded.protocols}
        raise UnknownNameError(f"single protocol of {loaded.target.name}", protocol, names)
    evaluations = _evaluations(settings, replace(loaded, protocols=protocols), store, listener)
    by_direction = {str(e.protocol["direction"]): e for e in evaluations}
    chosen = next(iter(by_direction)) if direction is None else direction
    if chosen not in by_direction:
        raise UnknownNameError(f"direction of protocol {protocol}", chosen, by_direction)
    return by_direction[chosen]


@reading_once()
def evaluate_protocols(
    model: Model,
    target: TargetSettings | str,
    protocols: tuple[str, ...] = ("all",),
    store: Store | None = None,
    listener: Listener | None = None,
) -> list[Evaluation]:
    """Measures an untrained encoder on a target of texts under several protocols; ours come first.

    Args:
        model: as in `evaluate`.
        target: as in `evaluate`.
        protocols: names, or ``all``.
        store: as in `evaluate`.
        listener: as in `evaluate`.

    Raises:
        UnknownNameError, StudyError, DataError, EncoderError: as in `evaluate`.
    """
    settings, loaded = _loaded(model, target, protocols)
    return _evaluations(settings, loaded, store, listener)


def _loaded(
    model: Model,
    target: TargetSettings | str,
    protocols: tuple[str, ...],
    direction: Direction | None = None,
) -> tuple[EncoderSettings | ObjectEncoder, LoadedTarget]:
    known = known_model(model)
    target_settings = TargetSettings(name=target) if isinstance(target, str) else target
    changes = {"protocols": protocols} | ({"direction": direction} if direction else {})
    loaded = load_target(target_settings.model_copy(update=changes))
    loaded.target.check_encoder_alone(known.name)
    return known, loaded


def outcomes_of_encoder(
    model: Model,
    target: TargetSettings,
    store: Store | None = None,
    listener: Listener | None = None,
) -> tuple[pa.Table, LoadedTarget]:
    """The outcomes of an untrained encoder on a target, one row for each query, under the target's
    primary protocol; and the target with its data."""
    known, loaded = _loaded(model, target, (OURS,), target.direction)
    with store_of(known, store) as place:
        return outcomes_of_loaded(untouched(known), loaded, place, listener), loaded


def outcomes_of_loaded(
    encoder: Trained | ObjectEncoder,
    loaded: LoadedTarget,
    store: Store,
    listener: Listener | None = None,
) -> pa.Table:
    """The outcomes of an encoder on a loaded target, one row for each query, under its primary
    protocol."""
    primary = replace(loaded, protocols=loaded.protocols[:1])
    return open_outcomes(_scored(encoder, primary, store, listener or Silent()), store)


def _scored(
    encoder: Trained | ObjectEncoder, loaded: LoadedTarget, store: Store, listener: Listener
) -> list[Step]:
    """Makes the steps that score an untrained encoder, one for each language, and returns them."""
    scored = list(evaluate_steps(encoder, loaded).values())
    make_steps(scored, store, listener)
    return scored


def _evaluations(
    known: EncoderSettings | ObjectEncoder,
    loaded: LoadedTarget,
    store: Store | None,
    listener: Listener | None,
) -> list[Evaluation]:
    """The scores under each of the loaded target's protocols."""
    with store_of(known, store) as place:
        return _evaluated(untouched(known), loaded, place, listener or Silent())


def _evaluated(
    encoder: Trained | ObjectEncoder, loaded: LoadedTarget, store: Store, listener: Listener
) -> list[Evaluation]:
    scored = _scored(encoder, loaded, store, listener)
    mined, table = open_mined(scored, store), open_outcomes(scored, store)
    languages_found = open_found_languages(scored, store)
    evaluations = []
    for protocol in loaded.protocols:
        entries = tuple(entry for entry in mined if entry.protocol == protocol.id)
        facts = protocol.facts() | reading_of(scored[0], protocol, store)
        if entries:
            facts["threshold_source"] = ", ".join(sorted({e.threshold_source for e in entries}))
        rows = table.filter(pc.field("protocol") == protocol.id)
        languages = _by_language(rows, protocol.metric)
        evaluations.append(
            Evaluation(
                model=encoder.name,
                target=loaded.target.name,
                metric=protocol.metric,
                protocol=facts,
                macro=_macro(languages),
                languages=languages,
                gaps=dict(loaded.data.gaps),
                notes=dict(loaded.data.notes),
                left_out={code: dict(counts) for code, counts in loaded.data.left_out.items()},
                unread=dict(loaded.data.unread),
                groups=_by_group(encoder.name, languages),
                mining=entries,
                language_bias=bias_of_encoder(languages_found, protocol.id),
                published=tuple(map(ModelScores.of, loaded.data.published)),
            )
        )
    return evaluations


def _by_group(
    model: str, languages: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, GroupScores]]:
    """Grouping (family, script, and pretraining if it divides the languages) -> group -> scores."""
    codes = list(languages)

    def scores(places: Sequence[int]) -> GroupScores:
        scores_by_language = {codes[place]: languages[codes[place]] for place in places}
        return GroupScores(languages=tuple(scores_by_language), macro=_macro(scores_by_language))

    return {
        grouping: {group: scores(places) for group, places in groups.items()}
        for grouping, groups in groupings(codes, model).items()
    }


@reading_once()
def sweep(
    model: Model,
    target: TargetSettings | str,
    settings: SweepSettings,
    store: Store | None = None,
    listener: Listener | None = None,
) -> Sweep:
    """Scores every hidden state of an encoder on a target of bitexts, from one run over its texts for
    each prompt.

    Args:
        model: as in `evaluate`, but no object, because it gives no hidden states.
        target: as in `evaluate`; its `direction` is scored.
        settings: poolings, prompts, and the data for the choice.
        store: keeps the vectors of every reading; None: the user's cache.
        listener: as in `evaluate`.

    Returns:
        The scores and the choice, with the encoder as the only arm.

    Raises:
        UnknownNameError, StudyError, DataError, EncoderError: as in `evaluate`.
    """
    encoder = encoder_settings(model, "a sweep")
    target_settings = TargetSettings(name=target) if isinstance(target, str) else target
    loaded = load_target(target_settings)
    steps = sweep_steps(Trained.untouched(encoder), loaded, settings)
    store = store or Store()
    make_steps(steps, store, listener or Silent())
    choice = read_json_file(steps[-1].open(store) / SWEEP_FILE, ReadingChoice)
    return sweep_of(settings, loaded, [SweepArm.of(choice, arm=encoder.name, seed=0)])


def _by_language(outcomes: pa.Table, metric: str) -> dict[str, dict[str, float]]:
    """Language -> {"n": queries, metric: value}, from the outcomes of one protocol and its metric."""
    metrics = metrics_of_queries([metric])
    outcome_of_metric = {name: str(each.outcome) for name, each in metrics.items()}
    outcome_of_metric = {m: o for m, o in outcome_of_metric.items() if o in outcomes.column_names}
    outcome_of_metric = {m: o for m, o in outcome_of_metric.items() if outcomes[o].null_count == 0}
    scores_by_language: dict[str, dict[str, float]] = {}
    for language in dict.fromkeys(outcomes["language"].to_pylist()):
        rows = outcomes.filter(pc.field("language") == language)
        scores = {m: score_of(m, rows[o].to_numpy()) for m, o in outcome_of_metric.items()}
        scores_by_language[language] = {"n": len(rows), **scores}
    return scores_by_language


def _macro(languages: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    metrics = [name for name in next(iter(languages.values())) if name != "n"]
    return {m: sum(values[m] for values in languages.values()) / len(languages) for m in metrics}
