"""Writes the generated part of ``docs/json.md``: what each file and command holds, from the records.

``python -m crosslift.results.documentation docs/json.md`` replaces what is below the mark in that page.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from pydantic import JsonValue

from crosslift.errors import DataError
from crosslift.results.claim_verdicts import CLAIMS_FILE, ClaimVerdict
from crosslift.results.command_output import (
    ComparisonNeeds,
    ExplorerFiles,
    ExportedArm,
    FetchedNames,
    MachineHealth,
    MtebResultFiles,
    PrunedStore,
    RegisteredStudy,
    RunOutcome,
    StoreContent,
    StudyPlan,
    TargetEntry,
    TaskEntry,
    VerifiedStore,
    WrittenPredictions,
)
from crosslift.results.comparison import EncoderComparison
from crosslift.results.evaluations import Evaluation
from crosslift.results.example import EXAMPLES_FILE, Example
from crosslift.results.group_effect import GROUPS_FILE, GroupEffect
from crosslift.results.improvement import Improvement
from crosslift.results.language_bias import BIAS_FILE, LanguageBiasOfArm
from crosslift.results.language_pairs import GENERALISED_FILE, LanguagePairScores
from crosslift.results.mined_files import MiningOutcome, MiningPlanOnly
from crosslift.results.mined_languages import MINING_FILE, MinedByArm
from crosslift.results.mined_negatives import NegativesOutcome
from crosslift.results.mteb_scores import MTEB_FILE, MtebScoresOfArm
from crosslift.results.partial_run import UNFINISHED_FILE, UnfinishedRun
from crosslift.results.reading_sweep import SWEEP_FILE, Sweep
from crosslift.results.result_record import ResultRecord
from crosslift.results.run_facts import RUN_FILE, RunFacts
from crosslift.results.score_rows import CURVES_FILE, RESULTS_FILE, CurvePoint, Score
from crosslift.results.sensitivity import SENSITIVITY_FILE, Sensitivity
from crosslift.results.vector_diagnoses import DIAGNOSTICS_FILE, VectorEntryOfArm
from crosslift.results.verdict import VERDICTS_FILE, Verdict
from crosslift.results.weight_paths import INTERPOLATION_FILE, PathPoint
from crosslift.results.word_alignments import WordPilot
from crosslift.results.xtreme_scores import XTREME_FILE, XtremeTable

MARK = "<!-- generated from the code: `make docs` -->"
"""The line of the page above which everything is written by hand."""


class Documented(NamedTuple):
    """What a file holds, or what a command writes.

    Args:
        names: names of the files or commands, in Markdown.
        content: a class of records or rows, or a type made of them.
        note: what else must be known, such as when there is no such file; may be empty.
    """

    names: str
    content: Any
    note: str = ""


_FINE_TUNED = "only where the study has labelled targets"

FILES: tuple[Documented, ...] = (
    Documented(f"`{RUN_FILE}`", RunFacts),
    Documented(
        f"`results.csv`, `{RESULTS_FILE}`",
        Score,
        "one in each row. Min Nan Chinese has the code `nan`, which `pandas.read_csv` takes as "
        "missing; write `keep_default_na=False`, or read the Parquet file",
    ),
    Documented(f"`{CURVES_FILE}`", CurvePoint, "one in each row"),
    Documented(f"`{VERDICTS_FILE}`", tuple[Verdict, ...]),
    Documented(f"`{EXAMPLES_FILE}`", tuple[Example, ...]),
    Documented(f"`{GROUPS_FILE}`", tuple[GroupEffect, ...]),
    Documented(
        f"`{INTERPOLATION_FILE}`", tuple[PathPoint, ...], "empty where nothing was interpolated"
    ),
    Documented(
        f"`{DIAGNOSTICS_FILE}`",
        tuple[VectorEntryOfArm, ...],
        "one entry for each language, and one for all languages of a target; "
        "[retrieval.md](retrieval.md) says how to read them",
    ),
    Documented(f"`{MINING_FILE}`", tuple[MinedByArm, ...], "empty where nothing is mined"),
    Documented(
        f"`{BIAS_FILE}`",
        tuple[LanguageBiasOfArm, ...],
        "only where queries search a pool of several languages",
    ),
    Documented(
        f"`{MTEB_FILE}`", tuple[MtebScoresOfArm, ...], "only where a target is a task of MTEB"
    ),
    Documented(f"`{XTREME_FILE}`", XtremeTable, _FINE_TUNED),
    Documented(
        f"`{GENERALISED_FILE}`",
        tuple[LanguagePairScores, ...],
        f"{_FINE_TUNED}; empty if the study requests no pairs of languages",
    ),
    Documented(
        f"`{CLAIMS_FILE}`",
        tuple[ClaimVerdict, ...],
        "only where a ledger of claims names the study",
    ),
    Documented(
        f"`{SENSITIVITY_FILE}`", tuple[Sensitivity, ...], "all comparisons but the controls"
    ),
    Documented(f"`{SWEEP_FILE}`", Sweep, "only where the study has a sweep"),
    Documented(f"`{UNFINISHED_FILE}`", UnfinishedRun, "only until the run is finished"),
)
"""The files of a run that hold records."""

COMMANDS: tuple[Documented, ...] = (
    Documented("`demo`, `run`, `report`", RunOutcome),
    Documented("`plan`", StudyPlan, "reasons and modules as in [steps.md](steps.md)"),
    Documented("`store list`", StoreContent),
    Documented("`store prune`", PrunedStore),
    Documented("`store verify`", VerifiedStore),
    Documented("`evaluate`", Evaluation, "with `--protocol all` a list of these, ours first"),
    Documented("`compare`", EncoderComparison),
    Documented("`sweep`", Sweep, "the encoder is its only arm"),
    Documented("`mine`", MiningOutcome),
    Documented("`mine --plan`", MiningPlanOnly),
    Documented("`negatives`", NegativesOutcome),
    Documented("`word-pilot`", WordPilot),
    Documented("`register`", RegisteredStudy),
    Documented("`power`", tuple[ComparisonNeeds, ...]),
    Documented("`claims`", tuple[ClaimVerdict, ...], "as in `claims.json`"),
    Documented("`improve`", Improvement),
    Documented("`tasks`", tuple[TaskEntry, ...]),
    Documented("`targets`", tuple[TargetEntry, ...]),
    Documented("`export`", ExportedArm),
    Documented("`mteb`", MtebResultFiles),
    Documented("`explore`", ExplorerFiles),
    Documented("`fetch cldr`", FetchedNames),
    Documented("`xtreme predict`", WrittenPredictions),
    Documented("`doctor`", MachineHealth),
)
"""The commands whose ``--json`` holds records."""


class _Field(NamedTuple):
    name: str
    kind: Any
    text: str


def documentation() -> str:
    """The generated part of the page, in Markdown."""
    parts = [
        _overview("What commands write", "command", COMMANDS),
        _overview("What a run leaves", "file", FILES),
        "## Records",
        *(_record(kind) for kind in documented_classes()),
    ]
    return "\n\n".join(parts) + "\n"


def documented_classes() -> list[type]:
    """Every class of records or rows in a file or in the output of a command, each after the first
    class that contains it."""
    classes: dict[type, None] = {}
    waiting = [each.content for each in (*COMMANDS, *FILES)]
    while waiting:
        kind = waiting.pop(0)
        inside = list(_classes_in(kind))
        new = [each for each in inside if each not in classes]
        classes.update(dict.fromkeys(new))
        waiting = [field.kind for each in new for field in _fields(each)] + waiting
    return list(classes)


def _classes_in(kind: Any) -> Iterator[type]:
    """The classes of records or rows in a type."""
    if _is_documented(kind):
        yield kind
    for part in get_args(kind):
        yield from _classes_in(part)


def _is_documented(kind: Any) -> bool:
    return isinstance(kind, type) and (
        issubclass(kind, ResultRecord) or kind in (Score, CurvePoint)
    )


def _fields(kind: type) -> list[_Field]:
    texts = attribute_docstrings(kind)
    if issubclass(kind, ResultRecord):
        return [
            _Field(field.alias or name, field.annotation, texts[name])
            for name, field in kind.model_fields.items()
        ]
    return [_Field(name, hint, texts[name]) for name, hint in get_type_hints(kind).items()]


def attribute_docstrings(kind: type) -> dict[str, str]:
    """Attribute -> the text below it in the source of its class, or of the class that declares it."""
    texts: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__.partition(".")[0] == kind.__module__.partition(".")[0]:
            texts |= _own_docstrings(each)
    return texts


def _own_docstrings(kind: type) -> dict[str, str]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        before.target.id: inspect.cleandoc(after.value.value)
        for before, after in pairwise(body)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }


def _overview(title: str, head: str, entries: tuple[Documented, ...]) -> str:
    rows = [
        f"| {each.names} | {type_words(each.content)}{'; ' if each.note else ''}{each.note} |"
        for each in entries
    ]
    return "\n".join([f"## {title}", "", f"| {head} | content |", "|---|---|", *rows])


def _record(kind: type) -> str:
    rows = [
        f"| `{field.name}` | {cell_of(type_words(field.kind))} | {cell_of(field.text)} |"
        for field in _fields(kind)
    ]
    head = ["| field | value | |", "|---|---|---|"]
    text = plain_code(inspect.cleandoc(kind.__doc__ or ""))
    return "\n".join([f"### {kind.__name__}", "", text, "", *head, *rows])


def cell_of(text: str) -> str:
    return plain_code(" ".join(text.split())).replace("|", "\\|")


def plain_code(text: str) -> str:
    return text.replace("``", "`")


_PLAIN = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    type(None): "null",
    Path: "path",
}


def type_words(kind: Any, documented: Callable[[Any], bool] = _is_documented) -> str:
    """A type as a reader of JSON or YAML knows it: ``list of number``, ``object of text``, ``text or
    null``.

    Args:
        kind: the type.
        documented: whether a type is a class that the page describes, and links to.
    """

    def words(part: Any) -> str:
        return type_words(part, documented)

    if kind in (Any, JsonValue) or kind is object:
        return "any value"
    if documented(kind):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return words(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is dict:
        return f"object of {words(arguments[1])}"
    if origin is tuple and arguments[-1] is not Ellipsis:
        return f"list of {len(arguments)}: {', '.join(map(words, arguments))}"
    if origin is tuple:
        inside = words(arguments[0])
        return f"list of ({inside})" if " or " in inside else f"list of {inside}"
    if origin in (Union, types.UnionType):
        kinds = [each for each in arguments if each is not int or float not in arguments]
        return " or ".join(map(words, kinds))
    raise DataError(
        f"{kind} has no words in the documentation", "a record, a plain value, or a type of these"
    )


def write_page(path: Path, content: str) -> None:
    """Replaces the generated part of a page.

    Args:
        path: path of the page.
        content: the generated part, in Markdown.

    Raises:
        DataError: the page lacks the mark.
    """
    head, mark, _ = path.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise DataError(f"{path} has no generated part", f"a line {MARK}")
    path.write_text(f"{head}{MARK}\n\n{content}", encoding="utf-8")


if __name__ == "__main__":
    write_page(Path(sys.argv[1]), documentation())
