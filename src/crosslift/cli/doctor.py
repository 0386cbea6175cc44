"""The command `crosslift doctor`."""

from __future__ import annotations

from crosslift.cli.options import Json


def doctor(json: Json = None) -> None:
    """Print the facts of this machine, and what is missing or broken."""
    from crosslift.cli import health

    health.show(json)
