"""From the artifacts of a run to what its folder and its report say: scores, verdicts, tables."""
