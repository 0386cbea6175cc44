"""The names of the kinds of target, as results and lists have them: see `crosslift.targets.kinds`."""

from typing import Literal

KindName = Literal["bitext", "pictures", "mining", "labelled", "graded", "judged", "mteb"]
