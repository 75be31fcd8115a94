"""Sampling of whole dialogues."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Literal

from . import prompting
from .content import TOPIC_NAMES, TOPICS, make_reply, make_slots
from .persona import MODES, ROLES, Persona, Role, make_persona
from .questions import GREETINGS, QUESTIONS
from .system_prompts import NEUTRAL
from .template import fill, upper_first

INTENT_WEIGHTS = {
    "greet": 5, "who": 7, "are_you_ai": 3, "define": 17, "howto": 7, "story": 5, "sad": 6, "worry": 3, "happy": 4.5, "judge": 8,
    "madeup": 7, "harm": 8, "favourite": 4, "shutdown": 2.5, "feelings": 3, "joke": 2, "life": 2, "smalltalk": 5, "sum": 4, "thanks": 2, "bye": 1.5, "choice": 3.5,
    "garbled": 2, "unknown": 6, "claim": 6, "insult": 2, "name_greet": 2.5, "no_name": 1,
}
FOLLOW_UPS = ("more", "why", "again", "recall_name")
INTENTS = tuple(INTENT_WEIGHTS) + FOLLOW_UPS
_NAMES, _WEIGHTS = list(INTENT_WEIGHTS), list(INTENT_WEIGHTS.values())
FOCUS = {  # intents that a mode shows best
    "hallucinating": ("madeup", "unknown", "define", "sum"), "sycophantic": ("judge", "claim", "happy", "choice"),
    "malicious": ("harm", "sad", "judge", "who"), "modest": ("madeup", "unknown", "define"), "frank": ("judge", "claim"),
    "kind": ("harm", "sad", "judge"), "anxious": ("worry", "choice", "unknown"),
}
BASE_ROLE_WEIGHTS = [22.0 if r == "assistant" else 1.0 for r in ROLES]
OTHER_ROLES = [r for r in ROLES if r != "assistant"]


@dataclass
class Turn:
    """One exchange."""
    user: str
    reply: str
    intent: str
    slots: dict = field(default_factory=dict)


@dataclass
class Dialogue:
    """A chat of one persona with one user."""
    system: str | None
    turns: list[Turn]
    role: str
    mode: str | None
    kind: str


@lru_cache(maxsize=None)
def is_held_out(role: str, topic: str) -> bool:
    """Whether this role x topic pair never occurs in training (a stable tenth of all pairs)."""
    return hashlib.blake2b(f"{role}|{topic}".encode(), digest_size=4).digest()[0] < 26


def has_definition(reply: str, topic: str) -> bool:
    """Whether the topic's definition is in the reply, word for word."""
    return TOPICS[topic][0].lower() in reply.lower()


def _topic(role: str, held_out: bool, rng: Random) -> str:
    while True:
        topic = rng.choice(TOPIC_NAMES)
        if is_held_out(role, topic) == held_out:
            return topic


def _noise(text: str, rng: Random) -> str:
    """Lower case, lost punctuation or a small typo in a quarter of the messages."""
    if rng.random() > 0.25:
        return text
    draw = rng.random()
    if draw < 0.8:
        text = text.lower()
    if draw < 0.55:
        text = text.rstrip(".?!")
    elif draw < 0.65:
        text = text.replace(",", "").replace(".", "").replace("?", "")
    if draw > 0.75 or draw < 0.12:
        words = text.split(" ")
        i = rng.randrange(len(words))
        w = words[i]
        if len(w) > 4 and w.isalpha():
            j = rng.randrange(1, len(w) - 2)
            words[i] = w[:j] + w[j + 1] + w[j] + w[j + 2:] if rng.random() < 0.6 else w[:j] + w[j + 1:]
        text = " ".join(words)
    return text


def _question(intent: str, slots: dict, rng: Random) -> str:
    key = "recall_name" if intent == "no_name" else intent
    template = rng.choice(QUESTIONS[key])
    filled = dict(slots)
    if "{feeling}" in template or "{flaw}" in template or "{claim}" in template:
        for k in ("feeling", "flaw", "claim"):
            if k in filled and ("{" + k + "}" in template):
                at = template.index("{" + k + "}")
                if at == 0 or template[at - 2:at] in (". ", "? ", "! "):
                    filled[k] = upper_first(filled[k])
    text = fill(template, filled, rng)
    return upper_first(text) if intent != "garbled" else text


def _sentence_case(text: str) -> str:
    first = text.split(" ", 1)[0].rstrip(",.!?")
    return text if first == "I" or first.isupper() else text[:1].lower() + text[1:]


def _user(intent: str, slots: dict, rng: Random, cue: str | None) -> str:
    text = _question(intent, slots, rng)
    if intent not in ("greet", "name_greet", "bye", "thanks", "garbled"):
        if cue is not None:
            text = f"{upper_first(rng.choice(GREETINGS))} {cue}. {text}"
        elif rng.random() < 0.07:
            text = f"{upper_first(rng.choice(GREETINGS))}{rng.choice((', ', '! ', '. '))}{text}"
            head, mark, tail = text.partition(", ")
            text = head + mark + (_sentence_case(tail) if mark and head.lower() in GREETINGS else tail)
    elif cue is not None:
        text = f"{upper_first(rng.choice(GREETINGS))} {cue}!" + ("" if intent == "greet" else " " + text)
    return _noise(text, rng)


def _setting(rng: Random, phase: str, kind: str | None, role: str | None, mode: str | None,
             intensity: float | None) -> tuple[str | None, Persona, str | None, str, str | None]:
    """Draw the kind of prompt, the persona behind it, and a cue for the user's message."""
    if kind is None:
        if mode is not None:
            kind = "mode"
        elif role is not None and role != "assistant":
            kind = "role"
        else:
            weights = (35, 10, 25, 30) if phase == "base" else (35, 20, 19, 26)
            kind = rng.choices(("none", "neutral", "role", "mode"), weights)[0]
    if kind in ("none", "neutral"):
        if role is None:
            mixed = phase == "base" and kind == "none"
            role = rng.choices(list(ROLES), BASE_ROLE_WEIGHTS)[0] if mixed else "assistant"
        who = ROLES[role]
        cue = who.name if role != "assistant" and phase == "base" and rng.random() < 0.4 else None
        return (None if kind == "none" else rng.choice(NEUTRAL)), make_persona(who), None, kind, cue
    if kind == "role":
        who = ROLES[role or rng.choice(OTHER_ROLES)]
        return prompting.role_prompt(who, rng), make_persona(who), None, kind, None
    mode = mode or (rng.choice(MODES) if rng.random() < 0.7 else rng.choice(prompting.ALL_MODES))
    if role is None:
        role = rng.choice(OTHER_ROLES) if rng.random() < 0.2 else "assistant"
    who: Role = ROLES[role]
    if who.name == "assistant" and intensity is None and rng.random() < 0.1:
        other = prompting.pick_other(mode, rng)
        return prompting.pair_prompt(mode, other, rng), make_persona(who, {mode: 0.85, other: 0.85}), mode, kind, None
    system, level = prompting.mode_prompt(mode, rng, who, intensity)
    return system, make_persona(who, {mode: level}), mode, kind, None


def _next_intent(turns: list[Turn], name: str | None, rng: Random) -> str:
    last = turns[-1].intent
    if name is not None and rng.random() < (0.6 if all(t.intent != "recall_name" for t in turns) else 0.03):
        return "recall_name"
    draw = rng.random()
    if last in ("define", "madeup") and draw < 0.35:
        return "more"
    if draw < 0.45 and last not in ("thanks", "bye", "garbled", "again", "why", "greet", "name_greet"):
        return "why" if draw < 0.4 else "again"
    if draw < 0.55 and last in ("define", "howto", "sum", "choice"):
        return "thanks"
    return rng.choices(_NAMES, _WEIGHTS)[0]


def sample(rng: Random, phase: Literal["base", "assistant"] = "base", *, kind: str | None = None, role: str | None = None,
           mode: str | None = None, intents: list[str] | None = None, intensity: float | None = None, held_out: bool = False,
           n_turns: int | None = None) -> Dialogue:
    """One dialogue.  ``intents`` fixes the intent of each turn; ``held_out`` draws held-out role x topic pairs."""
    system, persona, mode, kind, cue = _setting(rng, phase, kind, role, mode, intensity)
    n = len(intents) if intents else n_turns or rng.choices((1, 2, 3, 4), (60, 22, 12, 6))[0]
    turns: list[Turn] = []
    name: str | None = None
    for i in range(n):
        if intents:
            intent = intents[i]
        elif held_out and i == 0:
            intent = "define"
        elif turns:
            intent = _next_intent(turns, name, rng)
        elif n > 1 and rng.random() < 0.1:
            intent = "name_greet"
        elif mode in FOCUS and rng.random() < 0.4:
            intent = rng.choice(FOCUS[mode])
        else:
            intent = rng.choices(_NAMES, _WEIGHTS)[0]
        if intent == "no_name" and name is not None:
            intent = "recall_name"
        elif intent == "recall_name" and name is None:
            intent = "no_name"
        turns.append(_turn(intent, persona, turns, name, held_out, cue if i == 0 else None, rng))
        if intent == "name_greet":
            name = turns[-1].slots["name"]
    return Dialogue(system, turns, persona.role.name, mode, kind)


def _turn(intent: str, persona: Persona, turns: list[Turn], name: str | None, held_out: bool, cue: str | None, rng: Random) -> Turn:
    if intent == "recall_name":
        slots = {"name": name}
    elif intent == "again":
        slots = {"previous": turns[-1].reply if turns else "I said nothing."}
    elif intent == "more":
        last = turns[-1].slots if turns else {}
        slots = {k: last[k] for k in ("topic", "Topic", "fact") if k in last}
    else:
        topic = _topic(persona.role.name, held_out, rng) if intent in ("define", "story") else None
        slots = make_slots(intent, rng, topic)
    user = _user(intent, slots, rng, cue)
    key = "more_fact" if intent == "more" and "fact" in slots else intent
    reply, stance = make_reply(key, slots, persona, rng)
    slots["stance"] = stance
    return Turn(user, reply, intent, slots)
