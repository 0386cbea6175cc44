"""How a run is read, repeated and cited: its files, the command that makes it again, its citation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crosslift.artifacts.files import sha256_of_file
from crosslift.results.run_folder import RunFolder

STUDY_FILE = "study.json"
AUTHORS = "The CrossLift developers"
TITLE = (
    "CrossLift: what intermediate-task training does to the cross-lingual retrieval of a multilingual "
    "encoder"
)
"""Author and title of the software, as in ``CITATION.cff``."""
_FILES = (
    ("results.csv", "every score, one in each row"),
    ("results.parquet", "the same"),
    ("outcomes.parquet", "one row for each query, arm, seed, target and protocol"),
    ("verdicts.json", "every comparison with its interval, p values and sentence"),
    ("sensitivity.json", "the same comparisons by other methods and protocols"),
    ("groups.json", "the effects by groups of languages"),
    ("curves.parquet", "learning curves"),
    ("examples.json", "queries on which arms disagree"),
    (STUDY_FILE, "the study with every setting written out"),
    ("run.json", "arms, budgets, protocols, environments and steps"),
)
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


@dataclass(frozen=True)
class RunFile:
    """A file beside the report."""

    name: str
    words: str


@dataclass(frozen=True)
class ReadingSection:
    """What the section of the report shows.

    Args:
        files: files of the run that exist.
        command: runs the study again, from the folder of the run; empty if its study file is missing.
        citation: citation of the run and of the software, as BibTeX.
    """

    files: tuple[RunFile, ...]
    command: str
    citation: str


def reading_section(folder: RunFolder) -> ReadingSection:
    """The section of the report; every run has it."""
    files = tuple(RunFile(*each) for each in _FILES if (folder.path / each[0]).is_file())
    study = folder.path / STUDY_FILE
    keep_going = " --keep-going" if folder.run.failed else ""
    command = f"crosslift run {STUDY_FILE} --out again{keep_going}" if study.is_file() else ""
    digest = f", {STUDY_FILE} {sha256_of_file(study)[:16]}" if study.is_file() else ""
    return ReadingSection(files, command, _citation(folder, digest))


def _citation(folder: RunFolder, digest: str) -> str:
    run = folder.run
    year, day = run.created[:4], run.created[:10]
    key = re.sub(r"[^a-z0-9]+", "-", run.study.lower()).strip("-") or "study"
    lock = f", registered {run.registration.registered[:10]}" if run.registration else ""
    return f"""@misc{{crosslift-{key}-{day},
  title = {{{{Study {_latex(run.study)}: {_latex(run.question)}}}}},
  year = {{{year}}},
  note = {{CrossLift {_latex(run.version)}, run of {day}{lock}{digest}}}
}}
@software{{crosslift,
  author = {{{{{AUTHORS}}}}},
  title = {{{{{TITLE}}}}},
  version = {{{_latex(run.version)}}},
  year = {{{year}}}
}}"""


def _latex(text: str) -> str:
    """A text in which LaTeX sees no commands."""
    return "".join(_LATEX.get(sign, sign) for sign in text)
