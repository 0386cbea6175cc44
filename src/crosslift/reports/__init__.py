"""Reports: a study's run folder as one self-contained HTML page, its plots, and model cards."""
