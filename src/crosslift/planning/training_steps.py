"""The steps of a training stage: decoded pictures, and the training itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crosslift.encoders.encoder_folder import layers_of, prompts_of_sides
from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts
from crosslift.encoders.unpooled_prompt import error_of_prompts
from crosslift.errors import DataError, StudyError
from crosslift.forms.declared_forms import forms_of_vectors, forms_with_sides
from crosslift.making.synonym_copies import robust_facts
from crosslift.making.task_run import TaskRun
from crosslift.making.train import Training, train_stage
from crosslift.making.trained import Trained
from crosslift.planning.guide_steps import guide_steps
from crosslift.planning.picture_steps import picture_steps
from crosslift.planning.task_runs import names_of
from crosslift.steps.step import Step
from crosslift.training.budget import Budget
from crosslift.training.guards.data import on_their_data
from crosslift.training.guards.guard import Guard, GuardOnData
from crosslift.training.stage_settings import CACHED, GUARDS_ON_DATA, StageSettings

if TYPE_CHECKING:
    from crosslift.training.kept_checkpoints import KeptWeights

TOKENS_OF_A_TEXT = 12  # a guess: only the expected time and memory depend on it


def train_step(
    before: Trained,
    tasks: Sequence[TaskRun],
    stage: StageSettings,
    budget: Budget,
    seed: int,
    previous: Step | None = None,
    kept: Sequence[KeptWeights] = (),
) -> Step:
    """The step that trains a stage.

    Args:
        before: the encoder before the stage.
        tasks: tasks of the stage.
        stage: settings of the stage.
        budget: updates, examples or tokens of the stage.
        seed: seed of the stage's random generators.
        previous: training step of the stage before; the stage may keep its heads.
        kept: weights that the artifact has besides the weights at the end of the stage.

    Its artifact: `encoder.safetensors` (the changed weights of the text encoder; absent if it
    is locked), `head.safetensors` (heads of all tasks), both again with NAME
    (`encoder-NAME.safetensors`) for each of the kept weights, `spent.json`, `curve.json`,
    `records.json` and `timings.json`.

    Raises:
        StudyError: the settings do not fit a task.
    """
    runs = dict(zip(names_of(tasks), tasks, strict=True))
    _check_stage(stage, runs, before.settings)
    _check_negatives(stage, runs, budget)
    guards = on_their_data(stage.guards)
    return Step(
        kind="train",
        label=_label(runs, stage, seed),
        settings={
            "encoder": before.facts,
            "tasks": [run.facts | _prompt_facts(run, before.settings) for run in tasks],
            "stage": _stage_facts(stage),
            **_guard_facts(guards),
            "robust": robust_facts(stage.robust),
            "budget": budget.model_dump(mode="json"),
            "seed": seed,
            **({"kept": list(kept)} if kept else {}),
        },
        inputs=_inputs(before, runs, stage, seed, previous),
        make=train_stage,
        work=_texts_trained(tasks, stage, budget) * stage.cost,
        job=Training(before, runs, guards, stage, budget, seed, tuple(kept)),
        devices=stage.devices or 1,
    )


def _stage_facts(stage: StageSettings) -> dict[str, Any]:
    """The settings of a stage that are in the key of its step and are not part of other facts."""
    # The number of devices, like the number of threads, is a fact of the machine: no part of the key.
    beside = {"tasks", "budget", "robust", "devices", *GUARDS_ON_DATA}
    if stage.cached_tokens is None:  # as the keys were before there was such a setting
        beside.add("cached_tokens")
    return stage.model_dump(mode="json", exclude=beside)


def _inputs(
    before: Trained,
    runs: Mapping[str, TaskRun],
    stage: StageSettings,
    seed: int,
    previous: Step | None,
) -> dict[str, Step]:
    """Role -> step whose artifact the training of a stage reads."""
    inputs = dict(before.inputs)
    for name, run in runs.items():
        if run.translated is not None:
            inputs[f"{name}: translated"] = run.translated
        inputs |= picture_steps(name, run, seed, stage.devices or 1)
        inputs |= guide_steps(name, run, stage, before.devices)
    if stage.heads == "kept":
        inputs["heads"] = _with_heads(previous, runs)
    return inputs


def _prompt_facts(run: TaskRun, encoder: EncoderSettings) -> dict[str, Any]:
    """The texts of a task's prompts; empty without prompts, so that keys of earlier versions stay
    valid."""
    prompts = prompts_of_sides(run.settings, encoder)
    return {"prompts": prompts} if prompts else {}


def _with_heads(previous: Step | None, tasks: Mapping[str, TaskRun]) -> Step:
    names = list(previous.job_as(Training).tasks) if previous is not None else []
    for name in tasks:
        if previous is None or name not in names:
            raise StudyError(
                f"heads: kept of task {name!r}, which the stage before does not train",
                f"one of {', '.join(names)}" if names else "a stage before it",
                "write `heads: new`, or train the task in the stage before",
            )
    if previous is None:
        raise StudyError("heads: kept in a stage without tasks")
    return previous


def _check_hidden_state(name: str, run: TaskRun, encoder: EncoderSettings) -> None:
    hidden_state = run.task.form.options.get("hidden_state")
    if hidden_state is not None and hidden_state > layers_of(encoder):
        raise StudyError(
            f"hidden_state {hidden_state} of task {name!r}",
            f"0 (embedding output) to {layers_of(encoder)}, those that {encoder.name!r} has",
        )


def _check_prompts(name: str, run: TaskRun, encoder: EncoderSettings) -> None:
    error = error_of_prompts(run.settings, encoder)
    if error is not None:
        raise StudyError(f"task {name!r}: {error.what}", error.expected, error.remedy)


def _check_kinds(name: str, run: TaskRun) -> None:
    form: Any = run.task.form.open()
    try:
        form.check_kinds()
    except DataError as error:
        what = f"control same-kind-pictures of task {name!r}: {error.what}"
        raise StudyError(what, error.expected, error.remedy) from error


def _check_stage(
    stage: StageSettings, tasks: Mapping[str, TaskRun], encoder: EncoderSettings
) -> None:
    for name, run in tasks.items():
        form = run.task.form
        _check_hidden_state(name, run, encoder)
        prompts = run.settings.side_prompts
        if prompts and not form.facts.has_sides:
            raise StudyError(
                f"{', '.join(prompts)} of task {name!r}, whose form {form.name} does not tell queries "
                "from passages",
                f"a task of the forms {', '.join(forms_with_sides())}",
                "`prompt` of the encoder is put before every text",
            )
        _check_prompts(name, run, encoder)
        if run.settings.control == "same-kind-pictures":
            _check_kinds(name, run)
        if (stage.devices or 1) > 1 and not form.facts.shares_batch:
            raise StudyError(
                f"devices: {stage.devices} with task {name!r}, whose form {form.name} does not share a "
                "batch between devices",
                "devices: 1",
                "a form of a package that does declares `shares_batch` (docs/extending.md)",
            )
        cached = [name for name in CACHED if getattr(stage, name)]
        if cached and form.facts.reads == "tokens":
            raise StudyError(
                f"{cached[0]} with task {name!r}, whose form {form.name} reads tokens, not vectors",
                f"a task of the forms {', '.join(forms_of_vectors())}",
                "accumulation saves memory with every form",
            )
    if stage.chooses_by_dev and not any(run.has_dev for run in tasks.values()):
        raise StudyError(
            f"early_stopping or keep_best with {' + '.join(tasks)}, without dev records",
            "a task that has a dev split",
            "take early_stopping and keep_best out, or name data that have one",
        )


def _check_negatives(stage: StageSettings, tasks: Mapping[str, TaskRun], budget: Budget) -> None:
    """Raises if a part of a batch is one record, and a task finds its negatives in that part."""
    smallest = max(1, budget.batch_size // stage.accumulation)
    alone = [name for name, run in tasks.items() if run.task.form.learns_from_others]
    if alone and smallest == 1:
        raise StudyError(
            f"task {alone[0]!r} finds its negatives among the other records of a part of a batch, and "
            f"batch_size {budget.batch_size} with accumulation {stage.accumulation} leaves parts of "
            "one record: its loss is 0, and it learns nothing",
            "parts of 2 records or more; the more, the better",
            "raise batch_size or lower accumulation; `cached_texts` saves memory instead",
        )


def task_with_pictures(step: Step) -> str | None:
    """The task of a training step that puts pictures and texts into one space; the last of several,
    None without one."""
    job = step.job_as(Training)
    shared = [name for name, run in job.tasks.items() if run.task.form.facts.shares_space]
    return shared[-1] if shared else None


def prompts_of_training(stages: Sequence[Step]) -> SidePrompts:
    """The prompts of sides in the last training step that has any.

    Args:
        stages: training steps of one encoder, first to last.

    Raises:
        StudyError: the tasks of that step have different prompts.
    """
    for step in reversed(stages):
        tasks = step.job_as(Training).tasks
        prompts = [SidePrompts(**run.settings.side_prompts) for run in tasks.values()]
        distinct = list(dict.fromkeys(each for each in prompts if each.side_prompts))
        if len(distinct) > 1:
            raise StudyError(
                f"the tasks {' + '.join(tasks)} have different prompts of sides",
                "one prompt for queries and one for documents",
                "name the prompts of the export: `--prompt-src TEXT --prompt-tgt TEXT`",
            )
        if distinct:
            return distinct[0]
    return SidePrompts()


def devices_of(step: Step) -> int:
    """The number of devices of a training step, or of the tries that it chooses among."""
    return step.job_as(Training).stage.devices or 1


def task_of(step: Step, name: str) -> TaskRun:
    """A task of a training step."""
    job = step.job_as(Training)
    return job.tasks[name]


def _guard_facts(guards: Sequence[Guard]) -> dict[str, Any]:
    """Setting -> facts of each guard on data; None for guards that the stage does not have."""
    facts = {guard.name: guard.facts() for guard in guards if isinstance(guard, GuardOnData)}
    return {name: facts.get(name) for name in GUARDS_ON_DATA}


def _label(tasks: Mapping[str, TaskRun], stage: StageSettings, seed: int) -> str:
    controls = sorted({run.settings.control for run in tasks.values() if run.settings.control})
    shuffled = f", {' + '.join(controls)}" if controls else ""
    locked = ", text locked" if stage.text_side == "locked" else ""
    robust = f", {_robust_words(stage)}" if stage.robust else ""
    return f"{' + '.join(tasks)}, seed {seed}{shuffled}{locked}{robust}"


def _robust_words(stage: StageSettings) -> str:
    """Robust training in words, with the cost of an update in passes."""
    settings = stage.robust.model_dump() if stage.robust else {}
    names = [name.replace("_", " ") for name, value in settings.items() if value is not None]
    cost = f" ({stage.cost:.3g} x the cost of plain updates)" if stage.cost != 1 else ""
    return " and ".join(names) + cost


def _texts_trained(tasks: Sequence[TaskRun], stage: StageSettings, budget: Budget) -> float:
    texts = sum(run.task.form.texts_per_record for run in tasks) / len(tasks)
    examples = {
        "updates": budget.amount * budget.batch_size,
        "examples": budget.amount,
        "tokens": budget.amount / TOKENS_OF_A_TEXT / texts,
    }[budget.unit]
    return examples * texts * (0.25 if stage.text_side == "locked" else 1.0)
