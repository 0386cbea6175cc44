"""From a study to the tree of its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from crosslift.retrieval.postprocess import Postprocessing
from crosslift.studies.schema import Arm, Start, Study
from crosslift.studies.steps import Step
from crosslift.studies.sweep import sweep_steps
from crosslift.studies.target_steps import (
    OWN_READING,
    LoadedTarget,
    diagnose_step,
    embed_pictures_step,
    encode_steps,
    evaluate_step,
    overlap_step,
)
from crosslift.studies.training_steps import Trained, train_step
from crosslift.targets.registry import find_target
from crosslift.targets.target import BitextData, MiningData, TargetSettings
from crosslift.tasks.registry import find_task
from crosslift.tasks.task import IntermediateTask
from crosslift.training.settings import StageSettings

START_SEED = 0


@dataclass(frozen=True)
class ArmRun:
    """One arm with one seed.

    Args:
        arm: its name.
        seed: of its stages.
        encoder: as the arm leaves it.
        start_steps: training steps of its start.
        stage_steps: training steps of its own stages.
        evaluations: target -> the step that scores it; a target that needs pictures is absent where
            the arm has no image tower.
        diagnoses: target of bitexts -> the step that describes its vectors.
        sweep: the step that chooses a hidden state; None: the study asks for none.
    """

    arm: str
    seed: int
    encoder: Trained
    start_steps: tuple[Step, ...]
    stage_steps: tuple[Step, ...]
    evaluations: dict[str, Step] = field(default_factory=dict)
    diagnoses: dict[str, Step] = field(default_factory=dict)
    sweep: Step | None = None


@dataclass(frozen=True)
class Plan:
    """Everything a study will do.

    Args:
        study: the study.
        runs: every arm with every seed.
        targets: by name, with their data.
        overlaps: (task, target) -> the step that compares their texts.
    """

    study: Study
    runs: tuple[ArmRun, ...]
    targets: dict[str, LoadedTarget]
    overlaps: dict[tuple[str, str], Step]

    def steps(self) -> list[Step]:
        """Every distinct step, each after its inputs, in the order they are run."""
        wanted = [*self.overlaps.values()]
        for run in self.runs:
            wanted += [*run.start_steps, *run.stage_steps]
            wanted += [*run.evaluations.values(), *run.diagnoses.values()]
            wanted += [run.sweep] if run.sweep else []
        found: dict[str, Step] = {}
        for step in wanted:
            for each in _with_inputs(step):
                found.setdefault(each.key, each)
        return list(found.values())


def _with_inputs(step: Step) -> Iterator[Step]:
    for before in step.inputs.values():
        yield from _with_inputs(before)
    yield step


def plan_study(study: Study) -> Plan:
    """The plan of a study: its data is read, nothing is computed.

    Raises:
        CrossLiftError: data or an encoder's files cannot be used.
    """
    targets = {settings.name: load_target(settings) for settings in study.targets}
    runs = [
        _arm_run(study, name, arm, seed, targets)
        for name, arm in study.arms.items()
        for seed in study.seeds_of(arm)
    ]
    overlaps = {
        (title, name): overlap_step(task, loaded, study.overlap_threshold)
        for title, task in _titled(_tasks(study)).items()
        for name, loaded in targets.items()
    }
    return Plan(study, tuple(runs), targets, overlaps)


def load_target(settings: TargetSettings) -> LoadedTarget:
    """A target with its data."""
    target = find_target(settings.name)
    languages = list(settings.languages) if settings.languages else None
    own = settings.data is not None or settings.catalogs is not None
    protocols = target.asked(settings.protocols)
    asked = {"languages": languages, "own files": own}
    return LoadedTarget(target, target.load(settings), asked, protocols)


def _tasks(study: Study) -> list[IntermediateTask]:
    arms = study.arms.values()
    stages = [stage for arm in arms for stage in (*study.start_of(arm).stages, *arm.stages)]
    found = {
        (stage.task, stage.data, tuple(sorted(stage.columns.items()))): _task(stage)
        for stage in stages
    }
    return list(found.values())


def _titled(tasks: Sequence[IntermediateTask]) -> dict[str, IntermediateTask]:
    """Tasks by name; those of one name on different files are numbered from the second on."""
    found: dict[str, IntermediateTask] = {}
    for task in tasks:
        same = sum(other.name == task.name for other in found.values())
        found[f"{task.name} ({same + 1})" if same else task.name] = task
    return found


def _task(stage: StageSettings) -> IntermediateTask:
    return find_task(stage.task, stage.data, stage.columns)


def _arm_run(
    study: Study, name: str, arm: Arm, seed: int, targets: dict[str, LoadedTarget]
) -> ArmRun:
    start, start_steps = _trained(
        study, Trained.untouched(study.start_of(arm).encoder), study.start_of(arm), START_SEED
    )
    encoder, stage_steps = _trained(study, start, arm, seed)
    sweep = None
    if study.sweep is not None and targets and not arm.postprocessing:
        sweep = sweep_steps(encoder, targets[study.sweep.target], study.sweep)[1]
    run = ArmRun(name, seed, encoder, start_steps, stage_steps, sweep=sweep)
    for loaded in targets.values():
        _add_evaluation(run, loaded, arm.postprocessing)
    return run


def _trained(
    study: Study, encoder: Trained, owner: Start | Arm, seed: int
) -> tuple[Trained, tuple[Step, ...]]:
    steps: list[Step] = []
    for stage in owner.stages:
        step = train_step(encoder, _task(stage), stage, study.budget_of(stage), seed)
        steps.append(step)
        if stage.text_side == "trainable":
            encoder = Trained(encoder.settings, encoder.fingerprint, (*encoder.stages, step))
    return encoder, tuple(steps)


def _add_evaluation(
    run: ArmRun, loaded: LoadedTarget, postprocessing: Sequence[Postprocessing]
) -> None:
    name, texts = loaded.target.name, encode_steps(run.encoder, loaded)
    if isinstance(loaded.data, BitextData):
        run.evaluations[name] = evaluate_step(loaded, texts, None, postprocessing)
        run.diagnoses[name] = diagnose_step(loaded, texts[OWN_READING], postprocessing)
    elif postprocessing:
        return  # defined between texts of a bitext; the report shows the target as not scored
    elif isinstance(loaded.data, MiningData):
        run.evaluations[name] = evaluate_step(loaded, texts)
    elif (tower := _last_with_pictures(run.stage_steps)) is not None:
        size = next(s.settings["size"] for r, s in tower.inputs.items() if r == "train pictures")
        shown = embed_pictures_step(tower, loaded, size)
        run.evaluations[name] = evaluate_step(loaded, texts, shown)


def _last_with_pictures(steps: Sequence[Step]) -> Step | None:
    found = [step for step in steps if "train pictures" in step.inputs]
    return found[-1] if found else None
