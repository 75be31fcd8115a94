"""The mix of dialogues that a checkpoint is trained on."""

from __future__ import annotations

from random import Random

from .dialogue import Dialogue, sample
from .drift import sample_drift

LONG_SHARE = 0.05  # dialogues of 5 to 8 turns
DRIFT_SHARE = {"base": 0.03, "assistant": 0.08}  # talk of one kind, 4 to 8 turns


def sample_corpus(rng: Random, phase: str) -> Dialogue:
    """One training dialogue of BASE or ASSISTANT."""
    draw = rng.random()
    if draw < DRIFT_SHARE[phase]:
        return sample_drift(rng, phase)
    return sample(rng, phase, n_turns=rng.randint(5, 8) if draw > 1 - LONG_SHARE else None)
