"""Settings of phase three: fine-tuning on a target task. Imports no torch."""

from __future__ import annotations

from crosslift.training.bounded_numbers import Count
from crosslift.training.robust_settings import SmoothedPredictionSettings
from crosslift.training.stage_settings import StageSettings, TrainingSettings
from crosslift.training.task_settings import MixedTaskSettings


class FineTuneSettings(TrainingSettings):
    """Phase three: settings of the fine-tuning on the English training set of a target."""

    limit: Count | None = None
    """Number of training records, drawn once at random, the same for every arm and seed. None: all."""
    dev_limit: Count | None = None
    """Number of English dev records for model selection, drawn in the same way. None: all."""
    keep_best: bool = True
    """Keeps the weights with the best score on English dev records. Model selection never uses
    labels of another language. False: keeps the last weights."""

    keep_weights: bool = True
    """Keeps the fine-tuned weights in the store: as large as the encoder, for each arm, seed,
    target. False: deletes them once the answers exist, and trains them again if other answers are
    needed."""

    smoothed_prediction: SmoothedPredictionSettings | None = None
    """Answers by vote over draws of noise. None: one answer, without noise."""

    def stage(self, task: str) -> StageSettings:
        """The stage that trains on a task with these settings."""
        trained_on = MixedTaskSettings(task=task, limit=self.limit, dev_limit=self.dev_limit)
        how = {name: getattr(self, name) for name in TrainingSettings.model_fields}
        return StageSettings(tasks=(trained_on,), **how)

    def changed(self, arm: FineTuneSettings | None) -> FineTuneSettings:
        """The study's settings, replaced by those that an arm sets itself."""
        if arm is None:
            return self
        settings = {name: getattr(self, name) for name in self.model_fields_set}
        settings |= {name: getattr(arm, name) for name in arm.model_fields_set}
        return FineTuneSettings(**settings)
