"""Prints facts of a plan for several commands."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from crosslift.planning.plan import Plan
from crosslift.planning.prompt_notes import prompt_notes


def print_failures(console: Console, plan: Plan) -> None:
    """Prints which arms are left out, and why."""
    for arm, error in plan.failures.items():
        console.print(Text.assemble("\n", ("left out:", "bold red"), f" arm {arm}"))
        console.print(error, soft_wrap=True)


def print_prompt_notes(console: Console, plan: Plan) -> None:
    """Prints which arms are measured with other prompts than they train with."""
    for note in prompt_notes(plan):
        console.print(Text.assemble(("note:", "yellow"), f" {note}"), soft_wrap=True)
