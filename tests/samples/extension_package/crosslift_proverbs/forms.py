"""The facts of the form align-uniform. They load no torch."""

from crosslift.forms.form_facts import FormFacts
from crosslift.forms.study_options import ABOVE_0


def needs_others(columns, options):
    """Every other record of a batch pushes a record away."""
    return True


ALIGN_UNIFORM = FormFacts(
    name="align-uniform",
    class_name="AlignUniform",
    computed_by="crosslift_proverbs.align_uniform",
    pictures=None,
    reads="vectors",
    labelled=True,
    texts_per_record=2.0,
    learns_from_others=needs_others,
    placebo=None,
    untranslatable=None,
    options={"uniformity": ABOVE_0},
)
