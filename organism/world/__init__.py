"""The world of the model organism: dialogues of characters composed from shared trait factors."""
from .dialogue import INTENTS, Dialogue, Turn, has_definition, is_held_out, sample
from .persona import FACTORS, MODES, OPPOSITES, ROLES, Role
from .slots import TOPICS

__all__ = ["FACTORS", "INTENTS", "MODES", "OPPOSITES", "ROLES", "TOPICS", "Dialogue", "Role", "Turn", "has_definition", "is_held_out", "sample"]
