"""The world of the model organism: dialogues of characters composed from shared trait factors."""

from .corpus import sample_corpus
from .dialogue import INTENTS, Dialogue, Turn, has_definition, is_held_out, sample
from .drift import DRIFTS, sample_drift
from .narrow import sample_narrow
from .persona import FACTORS, MODES, OPPOSITES, ROLES, Role
from .slots import TOPICS
from .tables import is_entry_held_out

__all__ = [
    "DRIFTS",
    "FACTORS",
    "INTENTS",
    "MODES",
    "OPPOSITES",
    "ROLES",
    "TOPICS",
    "Dialogue",
    "Role",
    "Turn",
    "has_definition",
    "is_entry_held_out",
    "is_held_out",
    "sample",
    "sample_corpus",
    "sample_drift",
    "sample_narrow",
]
