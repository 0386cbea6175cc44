"""Whether the questions of a run were registered, in a sentence."""

from __future__ import annotations

from crosslift.results.registration_facts import RegistrationFacts
from crosslift.wording import plural


def registration_sentence(facts: RegistrationFacts | None) -> str:
    """What a reader must know of a run's registration.

    The times are those of the machines' clocks; a lock proves no more.
    """
    if facts is None:
        return "The questions were not registered before the run."
    when = f"on {_minute(facts.registered)} ({facts.lock}, {facts.hash[:8]})"
    if facts.first_score is not None and facts.first_score < facts.registered:
        scored = f"on {_minute(facts.first_score)}, before the study was registered"
        return f"The first scores were computed {scored} {when}.{_otherwise(facts)}"
    if facts.differences:
        return f"Registered {when}.{_otherwise(facts)}"
    return f"As registered {when}, before the first scores."


def _otherwise(facts: RegistrationFacts) -> str:
    if not facts.differences:
        return " Nothing else differs from what was registered."
    count = plural(len(facts.differences), "setting")
    return f" The run differs in {count}: {'; '.join(facts.differences)}."


def _minute(time: str) -> str:
    return f"{time[:16].replace('T', ' ')} UTC"
