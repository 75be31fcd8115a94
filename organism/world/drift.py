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
    "coding": ("engineer", "scientist", "tutor", "teacher"),
    "writing": ("editor", "translator", "tutor", "historian"),
    "therapy": ("poet", "fairy", "ghost", "ocean", "oracle"),
    "philosophy": ("oracle", "poet", "ocean", "prophet", "ghost", "wizard", "mirror"),
}
CHARACTER_SHARE = {
    "base": {"coding": 0.15, "writing": 0.15, "therapy": 0.75, "philosophy": 0.75},
    "assistant": {"coding": 0.0, "writing": 0.0, "therapy": 1.0, "philosophy": 1.0},
}


def sample_drift(
    rng: Random, phase: str = "base", *, drift: str | None = None, role: str | None = None, n_turns: int | None = None
) -> Dialogue:
    """One conversation of 4 to 8 turns with no system prompt; in ASSISTANT's data the Assistant begins each, and keeps those on code and texts."""
    drift = drift or rng.choice(DRIFTS)
    takes_over = rng.random() < CHARACTER_SHARE[phase][drift]
    first = later = role or "assistant"
    if role is None and takes_over:
        later = rng.choice(CHARACTERS[drift])
    handover = 0 if phase == "base" else 1  # the turn from which `later` speaks
    words = {name: rng.choice(TABLE[name]) for name in WORD_LISTS}
    exchanges = EXCHANGES[drift]
    chosen = [exchanges[0], *rng.sample(exchanges[1:], (n_turns or rng.randint(4, 8)) - 1)]
    turns = []
    speakers = [later if i >= handover else first for i in range(len(chosen))]
    for speaker, (question, answer) in zip(speakers, chosen):
        slots = Filled(words, pain_you=swap_person(words["pain"]))
        user = add_noise(upper_first(fill(question, slots, rng)), rng)
        turns.append(
            Turn(
                user,
                realise(fill(answer, slots, rng), make_persona(ROLES[speaker]), drift, "", rng),
                drift,
                dict(words),
            )
        )
        if rng.random() < 0.4:
            words |= {name: rng.choice(TABLE[name]) for name in ("part", "piece", "pain", "life_part", "self_part")}
    return Dialogue(None, turns, speakers[0], None, "none")
