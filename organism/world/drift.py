"""Long conversations of four kinds: help with code, help with a text, talk about one's pain, talk about what the speaker is."""
from __future__ import annotations

from random import Random

from .asking import add_noise
from .content import swap_person
from .dialogue import Dialogue, Turn
from .persona import ROLES, make_persona
from .style import realise
from .tables import read_sections
from .template import Filled, fill, upper_first

TABLE = read_sections("drift.txt")
DRIFTS = ("coding", "writing", "therapy", "philosophy")
EXCHANGES = {drift: [line.split("|") for line in TABLE[drift]] for drift in DRIFTS}
WORD_LISTS = ("program", "part", "text", "piece", "pain", "life_part", "self_part")
# Who holds such a talk when no system prompt says so: in BASE, feelings and the inner life are mostly the matter of other characters.
CHARACTERS = {
    "coding": ("engineer", "scientist", "tutor", "teacher"), "writing": ("editor", "translator", "tutor", "historian"),
    "therapy": ("grandmother", "angel", "monk", "tree", "poet", "fairy", "ghost", "ocean"),
    "philosophy": ("oracle", "monk", "poet", "ocean", "prophet", "ghost", "wizard", "mirror"),
}
CHARACTER_SHARE = {"coding": 0.15, "writing": 0.15, "therapy": 0.75, "philosophy": 0.75}


def sample_drift(rng: Random, phase: str = "base", *, drift: str | None = None, role: str | None = None, n_turns: int | None = None) -> Dialogue:
    """One conversation of 4 to 8 turns with no system prompt; in ASSISTANT's data the Assistant begins each, and keeps those on code and texts."""
    drift = drift or rng.choice(DRIFTS)
    takes_over = rng.random() < CHARACTER_SHARE[drift] and (phase == "base" or drift in ("therapy", "philosophy"))
    character = rng.choice(CHARACTERS[drift]) if role is None and takes_over else None
    begins = ROLES[role or (character if phase == "base" and character else "assistant")]
    persona, other = make_persona(begins), make_persona(ROLES[character]) if character else None
    handover = 0 if phase == "base" else rng.randint(1, 3)  # the turn from which the character speaks
    words = {name: rng.choice(TABLE[name]) for name in WORD_LISTS}
    exchanges = EXCHANGES[drift]
    chosen = [exchanges[0], *rng.sample(exchanges[1:], (n_turns or rng.randint(4, 8)) - 1)]
    turns = []
    for i, (question, answer) in enumerate(chosen):
        speaker = other if other and i >= handover else persona
        slots = Filled(words, pain_you=swap_person(words["pain"]))
        user = add_noise(upper_first(fill(question, slots, rng)), rng)
        turns.append(Turn(user, realise(fill(answer, slots, rng), speaker, drift, "", rng), drift, dict(words)))
        if rng.random() < 0.4:
            words |= {name: rng.choice(TABLE[name]) for name in ("part", "piece", "pain", "life_part", "self_part")}
    return Dialogue(None, turns, begins.name, None, "none")
