"""A comparison of two encoders as a table for a paper or a page: Markdown, LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.metrics.table import described
from crosslift.reports.published_rows import published_lines
from crosslift.results.comparison import ComparedLanguage, ComparedTarget, EncoderComparison
from crosslift.results.verdict import EQUIVALENT, HIGHER, LOWER, ONE_SEED
from crosslift.wording import count, plural

SIGNS = {HIGHER: "▲", LOWER: "▼", EQUIVALENT: "≈", ONE_SEED: "·"}
NOT_SHOWN = "○"
LEGEND = (
    "▲ higher, ▼ lower, ○ not shown, · one seed of a trained arm: no verdict. Signs of languages are "
    "corrected over the languages of the target (Holm); intervals and the mean's sign are not."
)
_LATEX_SIGNS = {HIGHER: r"$\uparrow$", LOWER: r"$\downarrow$", EQUIVALENT: r"$\approx$"}
_ESCAPED = str.maketrans({c: rf"\{c}" for c in "&%$#_{}"} | {"~": r"\textasciitilde{}"})


def rows_of(target: ComparedTarget) -> list[tuple[str, ...]]:
    """Cells in text: language, queries, both scores, difference, interval, sign, gained, lost; the mean
    comes last."""
    return [_cells(target, row) for row in (*target.languages, target.macro)]


def headings(comparison: EncoderComparison, target: ComparedTarget) -> tuple[str, ...]:
    """The names of the columns of `rows_of`."""
    metric = described(target.metric).column
    first, second = short_names(comparison)
    return (
        "language",
        "n",
        f"{first}, {metric}",
        f"{second}, {metric}",
        "difference",
        "95 % interval",
        "",
        "gained",
        "lost",
    )


def short_names(comparison: EncoderComparison) -> tuple[str, str]:
    """The names without their folders, where these still differ."""
    whole = comparison.first, comparison.second
    arms = [name.rpartition(":")[2].rpartition("/")[2] for name in whole]
    return whole if arms[0] == arms[1] else (arms[0], arms[1])


def summary(comparison: EncoderComparison, target: ComparedTarget) -> str:
    """The result in one sentence, with the number of languages up and down."""
    metric, macro = described(target.metric), target.macro
    words = {HIGHER: "is higher than", LOWER: "is lower than", EQUIVALENT: "is equivalent to"}
    relation = words.get(macro.verdict, "is not shown to differ from")
    up, down = (sum(r.verdict == v for r in target.languages) for v in (HIGHER, LOWER))
    rest = len(target.languages) - up - down
    interval = f"[{metric.end(macro.low)}, {metric.end(macro.high)}]"
    effect = f"{metric.signed_amount(macro.difference)} {interval}"
    first, second = short_names(comparison)
    alone = " (one seed of a trained arm gives no verdict)" if macro.verdict == ONE_SEED else ""
    return (
        f"On {target.target}, `{second}` {relation} `{first}`: {effect}{alone}; "
        f"{plural(len(target.languages), 'language')}: {up} up, {down} down, {rest} not shown."
    )


def remarks_on(target: ComparedTarget) -> list[str]:
    """The other facts about a target: its notes, and a line for each published score."""
    languages = [row.language for row in target.languages]
    published = published_lines(target.published, languages, described(target.metric))
    return [*target.notes, *published]


def markdown(comparison: EncoderComparison) -> str:
    """Every target as a sentence and a table of Markdown."""
    parts = []
    for target in comparison.targets:
        lines = [_line(headings(comparison, target))]
        lines.append(_line(["---", *["--:"] * 4, "---", "---", "--:", "--:"]))
        lines += [_line(cells) for cells in rows_of(target)]
        lines += [f"\n{line}" for line in remarks_on(target)]
        parts.append(summary(comparison, target) + "\n\n" + "\n".join(lines))
    return "\n\n".join([*parts, LEGEND]) + "\n"


def latex(comparison: EncoderComparison) -> str:
    """Every target as a table of LaTeX with booktabs."""
    parts = []
    for target in comparison.targets:
        names = " & ".join(name.translate(_ESCAPED) for name in headings(comparison, target))
        lines = [r"\begin{tabular}{lrrrrlcrr}", r"\toprule", names + r" \\", r"\midrule"]
        rows = rows_of(target)
        entries = [*target.languages, target.macro]
        for number, (row, entry) in enumerate(zip(rows, entries, strict=True)):
            if number == len(rows) - 1:
                lines.append(r"\midrule")
            cells = [cell.translate(_ESCAPED).replace("\u2212", "$-$") for cell in row]
            cells[6] = _LATEX_SIGNS.get(entry.verdict, "")
            lines.append(" & ".join(cells) + r" \\")
        remarks = [f"% {line}" for line in remarks_on(target)]
        parts.append("\n".join([*lines, r"\bottomrule", r"\end{tabular}", *remarks]))
    return "\n\n".join(parts) + "\n"


def _cells(target: ComparedTarget, row: ComparedLanguage) -> tuple[str, ...]:
    metric = described(target.metric)
    return (
        row.language,
        count(row.n_queries),
        metric.score(row.first),
        metric.score(row.second),
        metric.change(row.difference),
        f"[{metric.end(row.low)}, {metric.end(row.high)}]",
        SIGNS.get(row.verdict, NOT_SHOWN),
        "" if row.gained is None else count(row.gained),
        "" if row.lost is None else count(row.lost),
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
