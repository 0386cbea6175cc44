"""Whether an encoder is exported as a graph, and which settings it allows. It fetches nothing."""

from __future__ import annotations

from collections.abc import Iterator

from crosslift.encoders.encoder_folder import EMBEDDED, folder_on_disk
from crosslift.encoders.encoder_settings import EncoderSettings, Precision
from crosslift.encoders.graphs.graph_facts import GraphFacts, graph_in
from crosslift.encoders.precision import resolve_precision
from crosslift.errors import EncoderError


def graph_of(settings: EncoderSettings) -> GraphFacts | None:
    """The graph that an encoder is exported as; None for an encoder of torch, and for one that is not
    on this machine.

    Raises:
        EncoderError: its name cannot be a folder or a hub name, or its `graph.json` is damaged.
    """
    if settings.name == EMBEDDED:
        return None
    folder = folder_on_disk(settings)
    return None if folder is None else graph_in(folder)


def check_torch(settings: EncoderSettings) -> None:
    """Checks that an encoder has weights of torch: a graph cannot train, and gives no hidden states.

    Raises:
        EncoderError: it is exported as a graph.
    """
    facts = graph_of(settings)
    if facts is not None:
        raise EncoderError(
            f"{settings.name} is exported for {facts.backend} in {facts.precision}: it gives vectors "
            "alone, and can neither train nor give hidden states",
            "an encoder with weights as .safetensors",
            "use the encoder that it was exported from; `crosslift evaluate`, `compare` and arms "
            "without training take this one",
        )


def check_reading(settings: EncoderSettings, facts: GraphFacts) -> None:
    """Checks that settings request only what a graph computes.

    Raises:
        EncoderError: they request something else.
    """
    faults = list(_other_than_graph(settings, facts))
    if faults:
        raise EncoderError(
            f"{', '.join(faults)} of {settings.name}, which is exported for {facts.backend}: its graph "
            "computes one reading",
            f"hidden_state {facts.hidden_state}, pooling {facts.pooling}, precision {facts.precision}",
            "leave them out, or use the encoder that it was exported from",
        )


def _other_than_graph(settings: EncoderSettings, facts: GraphFacts) -> Iterator[str]:
    """The settings that the graph does not compute, in words."""
    for name in ("pooling", "hidden_state", "precision"):
        value = getattr(settings, name)
        if value not in (None, "auto", getattr(facts, name)):
            yield f"{name} {value}"


def precision_of(settings: EncoderSettings) -> Precision:
    """The precision of an encoder's arithmetic, as `resolve_precision`; ``auto`` for a graph, which has
    its own.

    Raises:
        EncoderError: the settings request another precision than that of the graph.
    """
    facts = graph_of(settings)
    if facts is None:
        return resolve_precision(settings.precision)
    check_reading(settings, facts)
    return "auto"
