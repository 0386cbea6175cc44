"""The part of a run that a user selects by names."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from crosslift.errors import UnknownNameError
from crosslift.explorer.explored import Explored


@dataclass(frozen=True)
class Chosen:
    """Names of targets, arms and languages; none: all of them."""

    targets: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def check(self, explored: Explored) -> None:
        """Checks the names.

        Raises:
            UnknownNameError: the run has no such target, arm or language.
        """
        known = {
            "target": [target.name for target in explored.targets],
            "arm": [arm.name for arm in explored.arms],
            "language": pc.unique(explored.outcomes["language"]).to_pylist(),
        }
        chosen = {"target": self.targets, "arm": self.arms, "language": self.languages}
        for kind, names in chosen.items():
            for name in names:
                if name not in known[kind]:
                    raise UnknownNameError(kind, name, known[kind])

    def rows(self, table: pa.Table) -> pa.Table:
        """The chosen rows of a table with the columns target, arm and language."""
        chosen = {"target": self.targets, "arm": self.arms, "language": self.languages}
        for column, names in chosen.items():
            if names and column in table.column_names:
                table = table.filter(pc.is_in(table[column], value_set=pa.array(names)))
        return table
