"""The report of a study: one page that needs nothing but itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from crosslift.artifacts.files import file_written_whole
from crosslift.metrics.table import described
from crosslift.reports.answer import baseline_verdicts, declared_verdicts, plain_answer
from crosslift.reports.diagnosis import VectorSection, vector_section
from crosslift.reports.effects import unattributed
from crosslift.reports.environments import environment_section
from crosslift.reports.examples import example_groups
from crosslift.reports.generalised import GeneralisedSection, generalised_section
from crosslift.reports.groups import GroupSection, group_section
from crosslift.reports.heat import LEVELS, heat_pairs
from crosslift.reports.idle import idle_sentences
from crosslift.reports.interpolation import PathSection, path_section
from crosslift.reports.language_names import name_of
from crosslift.reports.looks import colour_variables, looks_of
from crosslift.reports.mining import MiningSection, mining_section
from crosslift.reports.mixtures import MixtureSection, mixture_section
from crosslift.reports.pages import names_marked, templates
from crosslift.reports.plots import Plots, draw_plots
from crosslift.reports.prompts import field_words, prompt_sentences
from crosslift.reports.run_folder import RunFolder
from crosslift.reports.settings_plots import SettingSection, setting_section
from crosslift.reports.sources import SourceSection, source_section
from crosslift.reports.stages import setting_words, stage_words, task_rows
from crosslift.reports.starts import start_sentences
from crosslift.reports.svg import Plot
from crosslift.reports.sweep import SweepSection, sweep_section
from crosslift.reports.tables import (
    ScoreIndex,
    budget_rows,
    control_tables,
    score_tables,
    step_kinds,
    step_rows,
)
from crosslift.reports.xtreme import XtremeSection, xtreme_section
from crosslift.wording import duration, percent, plural

REPORT = "report.html"
PLOTS = "plots"


@dataclass(frozen=True)
class Section:
    """A part of the page, as the navigation names it."""

    anchor: str
    title: str


def write_report(folder: Path) -> Path:
    """Write the report of a run, and its plots, into the run's folder.

    It reads nothing but the folder. The same folder gives the same bytes. ``mining.json``,
    ``diagnostics.json``, ``sweep.json``, ``interpolation.json``, ``groups.json``, ``xtreme.json`` and
    ``generalised.json`` have sections where they are there; the report is whole without them.

    Args:
        folder: the folder that a run left.

    Returns:
        The path of the page, ``report.html``. Beside it ``plots`` holds each plot as SVG and PNG.

    Raises:
        DataError: a file is missing, of another schema version, or not what it should be.
        UnknownNameError: a row names an arm or a target that ``run.json`` does not.
        ArtifactError: the disk is full, or the folder cannot be written.
    """
    run = RunFolder.read(folder)
    plots = draw_plots(run)
    more = Sections(
        mining=mining_section(run),
        vectors=vector_section(run),
        sweep=sweep_section(run),
        paths=path_section(run),
        mixtures=mixture_section(run),
        sources=source_section(run),
        groups=group_section(run),
        settings=setting_section(run),
        xtreme=xtreme_section(run),
        generalised=generalised_section(run),
    )
    page = render(run, plots, more)
    for plot in (*plots.all(), *more.plots()):
        _write(folder / PLOTS / f"{plot.name}.svg", plot.svg.encode("utf-8"))
        _write(folder / PLOTS / f"{plot.name}.png", plot.png)
    _write(folder / REPORT, page.encode("utf-8"))
    return folder / REPORT


@dataclass(frozen=True)
class Sections:
    """The sections that only some runs have; None leaves one out.

    Args:
        mining: which pairs were mined.
        vectors: what the vectors look like.
        sweep: which hidden state was chosen.
        paths: what arms score between their start and their end.
        mixtures: how tasks shared the examples of a stage; a part of the learning curves.
        sources: where the effects of arms with controls come from.
        groups: effects by language family and by script; it has no plots.
        settings: scores against the value of a setting.
        xtreme: every arm on every task of XTREME; it has no plots.
        generalised: pairs of texts in two languages; it has no plots.
    """

    mining: MiningSection | None = None
    vectors: VectorSection | None = None
    sweep: SweepSection | None = None
    paths: PathSection | None = None
    mixtures: MixtureSection | None = None
    sources: SourceSection | None = None
    groups: GroupSection | None = None
    settings: SettingSection | None = None
    xtreme: XtremeSection | None = None
    generalised: GeneralisedSection | None = None

    def plots(self) -> tuple[Plot, ...]:
        """The plots of all of them, in the order of the page."""
        shown = (
            self.sources,
            self.mining,
            self.vectors,
            self.sweep,
            self.settings,
            self.paths,
            self.mixtures,
        )
        return tuple(plot for section in shown if section for plot in section.plots)


def render(run: RunFolder, plots: Plots, more: Sections) -> str:
    """The page as text.

    Args:
        run: the run.
        plots: its plots.
        more: the sections that only some runs have.

    Returns:
        A whole HTML document.
    """
    views = _views(run, plots) | vars(more)
    views["sections"] = _sections(run, plots, more)
    return _templates().get_template("report.html.j2").render(views)


def _templates() -> Environment:
    environment = templates()
    environment.filters.update(
        plural=plural,
        percent=percent,
        metric=lambda name: described(name).heading,
        duration=duration,
        language=name_of,
        names_marked=names_marked,
        stage_words=stage_words,
        setting_words=setting_words,
        field_words=field_words,
    )
    return environment


def _views(run: RunFolder, plots: Plots) -> dict[str, Any]:
    index = ScoreIndex(run)
    return {
        "run": run.run,
        "several": len(run.baselines) > 1,
        "plots": plots,
        "made_on": environment_section(run.run),
        "idle": idle_sentences(run.curves),
        "looks": looks_of(run.run.arms),
        "colours": [
            Markup("; ").join(
                Markup(f"{name}: {value}") for name, value in colour_variables(dark).items()
            )
            for dark in (False, True)
        ],
        "levels": LEVELS,
        "answer": plain_answer(run),
        "declared": declared_verdicts(run),
        "against_baseline": baseline_verdicts(run),
        "controls": control_tables(run),
        "scores": score_tables(run, index),
        "heat": heat_pairs(run, index),
        "budgets": budget_rows(run),
        "prompts": prompt_sentences(run.run),
        "tasks": task_rows(run.run.arms),
        "steps": step_rows(run),
        "step_kinds": step_kinds(run),
        "examples": example_groups(run),
        "languages": sorted({code for t in run.run.targets for code in t.languages}),
        "seeds": _seeds(run),
        "starts": start_sentences(run.run.arms),
    }


def _seeds(run: RunFolder) -> list[int]:
    """The seeds with which any phase was trained."""
    arms = (arm for arm in run.run.arms if arm.stages or arm.start_seeds == "paired")
    trained = {seed for arm in arms for seed in arm.seeds}
    tuned = {target.name for target in run.run.targets if target.kind == "labelled"}
    return sorted(trained | {row.seed for row in run.scores if row.target in tuned})


def _sections(run: RunFolder, plots: Plots, more: Sections) -> list[Section]:
    controlled = bool(unattributed(run))
    shown = [
        ("answer", "The answer", True),
        ("omitted", "Left out", bool(run.run.failed)),
        ("sources", "Where the effect comes from", more.sources is not None),
        ("controls", "What the controls say", controlled),
        ("scores", "Scores", True),
        ("xtreme", "XTREME", more.xtreme is not None),
        ("generalised", "Two languages at once", more.generalised is not None),
        ("languages", "By language", True),
        ("groups", "By groups of languages", more.groups is not None),
        ("mining", "Mining", more.mining is not None),
        ("vectors", "What the vectors look like", more.vectors is not None),
        ("sweep", "Which hidden state", more.sweep is not None),
        ("settings", "By value of a setting", more.settings is not None),
        ("forgetting", "Gained and forgotten", bool(plots.trade_offs)),
        ("interpolation", "Between start and end", more.paths is not None),
        ("curves", "Learning curves", bool(plots.curves or more.mixtures)),
        ("examples", "Examples", bool(run.examples)),
        ("arms", "Arms and budgets", True),
        ("overlap", "Overlap", True),
        ("protocols", "Protocols", True),
        ("environment", "Environment and steps", True),
        ("reading", "How to read and cite", True),
    ]
    return [Section(anchor, title) for anchor, title, present in shown if present]


def _write(path: Path, content: bytes) -> None:
    with file_written_whole(path) as draft:
        draft.write_bytes(content)
