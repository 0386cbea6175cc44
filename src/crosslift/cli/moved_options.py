"""Options of earlier versions that another command has now: the error names that command."""

from __future__ import annotations

from crosslift.errors import StudyError

_MOVED = {
    ("evaluate", "--sweep"): "crosslift sweep",
    ("evaluate", "--sweep-poolings"): "crosslift sweep --poolings",
    ("evaluate", "--sweep-prompts"): "crosslift sweep --prompts",
    ("evaluate", "--dev-languages"): "crosslift sweep --dev-languages",
    ("evaluate", "--plot"): "crosslift sweep --plot",
}
"""Command and its old option -> the command that has it now."""


def moved_option_error(error: Exception) -> StudyError | None:
    """The error for an option that moved to another command.

    Args:
        error: error of the command-line library.

    Returns:
        The error that names the new command; None if the error is about anything else.
    """
    option = getattr(error, "option_name", None)
    context = getattr(error, "ctx", None)
    if option is None or context is None:
        return None
    command = context.info_name
    if (command, option) not in _MOVED:
        return None
    return StudyError(
        f"`crosslift {command}` has no option {option}", f"`{_MOVED[command, option]}`"
    )
