"""All target tasks by name."""

from __future__ import annotations

from crosslift.errors import UnknownNameError
from crosslift.targets.bitext import BITEXT
from crosslift.targets.bucc import BUCC
from crosslift.targets.gettext import GETTEXT
from crosslift.targets.names import NAMES
from crosslift.targets.pictures import PICTURES
from crosslift.targets.target import Target
from crosslift.targets.tatoeba import TATOEBA

TARGETS = {target.name: target for target in (BITEXT, BUCC, GETTEXT, NAMES, PICTURES, TATOEBA)}


def find_target(name: str) -> Target:
    """The target of a name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in TARGETS:
        raise UnknownNameError("target", name, TARGETS)
    return TARGETS[name]
