"""Exports an arm's encoder for other programs, with a model card, and uploads it."""

from __future__ import annotations

from pathlib import Path

from crosslift.analysis.reported import refuse_unreported
from crosslift.api.compare import compare_with_baseline
from crosslift.api.parity import check_parity, measure_parity
from crosslift.artifacts.disk_errors import disk_errors_explained
from crosslift.artifacts.files import folder_written_whole
from crosslift.artifacts.read_once import reading_once
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_folder import prompts_of_sides
from crosslift.encoders.encoder_settings import SidePrompts
from crosslift.encoders.export import check_precision, write_encoder
from crosslift.encoders.kinds import Backend, WeightPrecision
from crosslift.encoders.origin import CARD_FILE, origin_of
from crosslift.errors import StudyError, UnknownNameError
from crosslift.model_files.upload import check_upload, upload_folder
from crosslift.planning.plan_study import arm_run
from crosslift.planning.training_steps import prompts_of_training
from crosslift.reports.model_card import ExportedWeights, card_of_arm
from crosslift.reports.model_card_text import model_card
from crosslift.results.parity import PARITY_FILE
from crosslift.results.result_record import write_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.steps.step import Workplace
from crosslift.studies.reading import saved_study
from crosslift.studies.schema import Study
from crosslift.targets.all_targets import find_target
from crosslift.targets.kinds.every_kind import KINDS
from crosslift.targets.target_settings import TargetSettings

ALLOWED_LOSS = 0.3
"""Points that an export may lose."""


@reading_once()
def export_arm(
    run: Path | str,
    arm: str,
    to: Path | str,
    seed: int | None = None,
    *,
    backend: Backend = "torch",
    precision: WeightPrecision = "float32",
    dimensions: int | None = None,
    check: str | None = None,
    allow_loss: float = ALLOWED_LOSS,
    prompts: SidePrompts | None = None,
    push: str | None = None,
    private: bool = False,
) -> Path:
    """Writes an arm's text encoder as a sentence-transformers folder with a model card.

    An export that may differ from the encoder is measured beside it, on the texts of a target, and
    refused if it loses too much.

    Args:
        run: folder of a run.
        arm: name of the arm.
        to: new folder.
        seed: the seed whose weights are exported; None: the first seed of the arm.
        backend: what runs the exported encoder.
        precision: precision of the written weights.
        dimensions: number of dimensions kept from the start of each vector; None: all.
        check: name of the target on which the export is measured: a target of the run, or one that
            needs no data; None: the run's first target that can measure an encoder alone. A task of
            MTEB is refused, because its scoring chooses the texts.
        allow_loss: points of the target's metric that the export may lose.
        prompts: prompts of queries (src) and documents (tgt), which the folder's files name; None: the
            prompts of the arm's training.
        push: repository of the Hugging Face hub, NAMESPACE/NAME, for the upload; it is created if it
            does not exist. None: no upload.
        private: the repository is private.

    Raises:
        UnknownNameError: no such arm or seed.
        StudyError: the folder to write exists and is not empty; ``private`` without ``push``; no target
            to measure the export on; no ``prompts``, and tasks of the training that have different
            prompts.
        EncoderError: the encoder cannot be exported, or uploaded; a package of the backend is not
            installed; the export loses more than `allow_loss`.
        ArtifactError: artifacts of the run are missing from the store, or have changed there; or the
            folder cannot be written.
    """
    run, to = Path(run), Path(to)
    folder = RunFolder.read(run)
    chosen = _seed(folder, arm, seed)
    _check_place(to)
    check_precision(backend, precision)
    _check_repository(push, private)
    study = saved_study(run)
    encoder = arm_run(study, arm, chosen).encoder
    store = Store(Path(folder.run.store))
    refuse_unreported(folder, encoder.stages, store)
    loaded = encoder.load(Workplace(store))
    changed = backend != "torch" or precision != "float32" or dimensions is not None
    measured = measured_target(folder, study, check) if changed else None
    chosen_prompts = prompts_of_training(encoder.stages) if prompts is None else prompts
    sides = prompts_of_sides(chosen_prompts, encoder.settings)
    with folder_written_whole(to, replaces=to.is_dir()) as draft:
        write_encoder(loaded, draft, backend, precision, dimensions, sides)
        parity = None
        if measured is not None:
            parity = measure_parity(encoder, draft, measured, allow_loss, store)
            check_parity(parity)
            write_json_file(draft / PARITY_FILE, parity)
        weights = ExportedWeights(
            name=to.name if push is None else push.rpartition("/")[2],
            place="path/to/this/folder" if push is None else push,
            seed=chosen,
            prompt=loaded.reading.prompt,
            side_prompts=sides,
            max_tokens=loaded.reading.max_tokens,
            backend=backend,
            precision=precision,
            dimensions=dimensions,
            parity=parity,
            origin=origin_of(encoder.settings, loaded.folder),
            postprocessing=study.arms[arm].postprocessing,
        )
        card = card_of_arm(folder, arm, weights, compare_with_baseline(folder, arm))
        (draft / CARD_FILE).write_text(model_card(card), encoding="utf-8")
    if push is not None:
        upload_folder(to, push, private=private)
    return to


def measured_target(folder: RunFolder, study: Study, check: str | None) -> TargetSettings:
    """The target on which an export is measured.

    Args:
        folder: the run.
        study: its study.
        check: name of one of the run's targets, or of one that needs no data; None: the run's first
            target that can measure an encoder alone.

    Raises:
        StudyError: no target is named, and no target of the run can measure an encoder alone; or the
            scoring of the named target chooses its texts.
        UnknownNameError: no target has the name.
    """
    of_run = {each.name: each for each in study.targets}
    if check is not None:
        if find_target(check).encodes_while_scored:
            raise StudyError(
                f"an export cannot be measured on {check}: its scoring chooses the texts",
                "a target whose texts are known before they are scored",
                "name one that needs no data: `--check names`",
            )
        return of_run.get(check) or TargetSettings(name=check)
    for target in folder.run.targets:
        kind = KINDS[target.kind]
        if kind.encoder_alone and not kind.encodes_while_scored:
            return of_run[target.name]
    raise StudyError(
        f"{folder.path} has no target on which an encoder alone can be measured",
        "a target of texts, to measure what the export changes",
        "name one that needs no data: `--check names`",
    )


def _seed(folder: RunFolder, arm: str, seed: int | None) -> int:
    seeds = folder.arm(arm).seeds
    chosen = seeds[0] if seed is None else seed
    if chosen not in seeds:
        raise UnknownNameError(f"seed of arm {arm!r}", str(chosen), map(str, seeds))
    return chosen


def _check_place(to: Path) -> None:
    with disk_errors_explained(to):
        has_files = to.exists() and any(to.iterdir())
    if has_files:
        raise StudyError(f"{to} exists and is not empty", "a new folder")


def _check_repository(push: str | None, private: bool) -> None:
    if push is not None:
        check_upload(push)
    elif private:
        raise StudyError("private without a repository", "the repository to push to")
