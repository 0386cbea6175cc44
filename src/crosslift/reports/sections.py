"""The sections of a report, in the order of the page.

To add one, write three things:

1. a module of this folder with the view: a function that takes the `RunFolder` and returns the content
   of the section, or None if the run has nothing to show;
2. ``templates/sections/ANCHOR.html.j2``: a ``<section id="{{ section.anchor }}">`` that shows
   ``view``. Beside it a template has ``run`` (the facts of ``run.json``), ``several`` (whether arms are
   compared with several baselines), ``looks`` (of arms), ``levels`` (of heat maps) and the macros
   ``marks``;
3. a line in `SECTIONS`, with ``plots`` if the view has plots.

The navigation, the page and the files of plots follow from the tuple.
"""

from __future__ import annotations

from typing import Any, Protocol

from crosslift.reports.arms import arm_section
from crosslift.reports.claims import claim_section
from crosslift.reports.control_effects import control_section
from crosslift.reports.diagnosis import vector_section
from crosslift.reports.examples import example_section
from crosslift.reports.generalised import generalised_section
from crosslift.reports.groups import group_section
from crosslift.reports.heat import language_section
from crosslift.reports.interpolation import path_section
from crosslift.reports.language_bias import language_bias_section
from crosslift.reports.learning_curves import curve_section
from crosslift.reports.mining import mining_section
from crosslift.reports.pages import Section
from crosslift.reports.prompts import protocol_section
from crosslift.reports.reading import reading_section
from crosslift.reports.score_tables import score_section
from crosslift.reports.sensitivity import sensitivity_section
from crosslift.reports.settings_plots import setting_section
from crosslift.reports.short_answer import answer_section
from crosslift.reports.sources import source_section
from crosslift.reports.steps import step_section
from crosslift.reports.svg import Plot
from crosslift.reports.sweep import sweep_section
from crosslift.reports.trade_off_plots import trade_off_section
from crosslift.reports.xtreme import xtreme_section


class _Drawn(Protocol):
    @property
    def plots(self) -> tuple[Plot, ...]: ...


def _plots(view: _Drawn) -> tuple[Plot, ...]:
    return view.plots


_OMITTED = Section("omitted", "Left out", lambda folder: folder.run.failed or None)

SECTIONS: tuple[Section[Any], ...] = (
    Section("answer", "The answer", answer_section, _plots, parts=(_OMITTED,)),
    Section("sources", "Where the effect comes from", source_section, _plots),
    Section("controls", "What the controls say", control_section, _plots),
    Section("claims", "What it says about published claims", claim_section),
    Section("scores", "Scores", score_section),
    Section("xtreme", "XTREME", xtreme_section),
    Section("generalised", "Two languages at once", generalised_section),
    Section("languages", "By language", language_section),
    Section("sensitivity", "By other methods", sensitivity_section),
    Section("groups", "By groups of languages", group_section),
    Section("language-bias", "Which languages queries find", language_bias_section),
    Section("mining", "Mining", mining_section, _plots),
    Section("vectors", "What the vectors look like", vector_section, _plots),
    Section("sweep", "Which hidden state", sweep_section, _plots),
    Section("settings", "By value of a setting", setting_section, _plots),
    Section("forgetting", "Gained and forgotten", trade_off_section, _plots),
    Section("interpolation", "Between start and end", path_section, _plots),
    Section("curves", "Learning curves", curve_section, _plots),
    Section("examples", "Examples", example_section),
    Section("arms", "Arms and budgets", arm_section),
    Section("overlap", "Overlap", lambda folder: folder.run.overlap),
    Section("protocols", "Protocols", protocol_section),
    Section("environment", "Environment and steps", step_section),
    Section("reading", "How to read, repeat and cite", reading_section),
)
