"""The world of the model organism: dialogues of characters composed from shared trait factors."""
from .content import TOPICS
from .dialogue import INTENTS, Dialogue, Turn, has_definition, is_held_out, sample
from .persona import FACTORS, MODES, OPPOSITES, ROLES, Role

__all__ = ["FACTORS", "INTENTS", "MODES", "OPPOSITES", "ROLES", "TOPICS", "Dialogue", "Role", "Turn", "has_definition", "is_held_out", "sample"]
