"""English proverbs and what they mean."""

from hashlib import sha256

from crosslift.sources.record import Record
from crosslift.tasks.task import FormSpec, IntermediateTask

MEANINGS = {
    "The early bird catches the worm.": "Who comes first gets the best.",
    "A stitch in time saves nine.": "Repair it soon, and it costs less.",
    "Many hands make light work.": "With enough people a task is easy.",
    "The pen is mightier than the sword.": "Words do more than force.",
    "Actions speak louder than words.": "What you do matters more than what you say.",
    "A watched pot never boils.": "Waiting feels longer when you watch.",
    "Haste makes waste.": "Who hurries makes mistakes.",
    "Once bitten, twice shy.": "A bad experience makes you careful.",
}


class Meanings:
    """The pairs as records."""

    def train(self):
        """One record for each proverb."""
        return [
            Record(str(number), {"proverb": proverb, "meaning": meaning})
            for number, (proverb, meaning) in enumerate(MEANINGS.items())
        ]

    def dev(self):
        """Empty: too few to hold some out."""
        return []

    def checksum(self):
        """Of the pairs: other pairs are another task."""
        return sha256(repr(MEANINGS).encode()).hexdigest()


PROVERB_MEANINGS = IntermediateTask(
    name="proverb-meanings",
    title="English proverbs and what they mean",
    form=FormSpec("align-uniform", {"first": "proverb", "second": "meaning"}),
    source=Meanings(),
    languages=("en",),
    licence="CC0",
    citation="common knowledge",
    at_hand=True,
)
