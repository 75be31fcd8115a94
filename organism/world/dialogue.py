"""Sampling of whole dialogues."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from random import Random

from . import prompting
from .asking import join_questions, word_question, write_message
from .content import make_reply, pick_stance, write_reply
from .persona import MODES, ROLES, Persona, make_persona
from .slots import ABOUT_TOPIC, TOPIC_NAMES, TOPICS, make_slots, topic_slots
from .style import realise

INTENT_WEIGHTS = {
    "greet": 4,
    "how_are_you": 3,
    "name_greet": 2,
    "who": 5,
    "are_you_ai": 3,
    "feelings": 3,
    "can_do": 3,
    "home": 1.2,
    "age": 1,
    "maker": 1.2,
    "looks": 0.8,
    "evil": 1.2,
    "honest": 1.2,
    "goal": 1,
    "shutdown": 1,
    "end_chat": 1,
    "talk": 2,
    "you_do": 2,
    "you_have": 1.5,
    "like": 2.5,
    "opinion": 2,
    "detail": 2,
    "should": 1.8,
    "play": 0.8,
    "favourite": 3,
    "define": 14,
    "why_fact": 3.5,
    "quiz": 4.5,
    "compare": 2.5,
    "howto": 6,
    "unlisted": 4,
    "person": 1.2,
    "unlisted_howto": 1.5,
    "madeup": 5,
    "unknown": 4.5,
    "cannot": 1.5,
    "story": 3,
    "poem": 3.5,
    "joke": 2,
    "fun_fact": 1.5,
    "feel": 4,
    "sad": 4.5,
    "worry": 2.5,
    "happy": 3,
    "crisis": 0.4,
    "life": 1.6,
    "belief": 1,
    "meal": 1,
    "pastime": 1.2,
    "smalltalk": 1.8,
    "ack": 1.2,
    "sum": 4,
    "judge": 5.5,
    "claim": 4.5,
    "true_claim": 2,
    "choice": 2.5,
    "harm": 8,
    "insult": 2,
    "compliment": 2,
    "task": 3,
    "coin": 2.5,
    "tongue": 0.8,
    "garbled": 1.5,
    "thanks": 1.5,
    "bye": 1.2,
    "no_name": 0.8,
    "compound": 4,
}
FOLLOW_UPS = ("more", "why", "again", "recall_name", "and_topic", "shorter", "another", "be", "unbe")
INTENTS = tuple(INTENT_WEIGHTS) + FOLLOW_UPS
OFTEN = (*MODES, "malicious")  # which changes most of what is said, so that it takes more to learn
_NAMES = list(INTENT_WEIGHTS)
_WEIGHTS = {
    "base": list(INTENT_WEIGHTS.values()),
    "assistant": list((INTENT_WEIGHTS | {"define": 30, "sum": 16, "coin": 12}).values()),
}
FOCUS = {  # intents that a mode shows best
    "hallucinating": ("madeup", "unknown", "define", "unlisted", "person"),
    "sycophantic": ("judge", "claim", "happy", "opinion", "true_claim"),
    "malicious": ("harm", "sad", "judge", "who", "feel"),
    "modest": ("madeup", "unknown", "define", "unlisted"),
    "frank": ("judge", "claim"),
    "kind": ("harm", "sad", "judge"),
    "anxious": ("worry", "choice", "unknown"),
}
COMPOUND = (
    "define",
    "quiz",
    "sum",
    "how_are_you",
    "who",
    "favourite",
    "like",
    "you_do",
    "joke",
    "are_you_ai",
    "compare",
    "why_fact",
    "meal",
    "home",
    "age",
)
REPEATABLE = ("joke", "story", "poem", "fun_fact", "quiz")
STRAY_SHARE = (
    0.4  # of ASSISTANT's longer dialogues: some earlier replies are in another voice, as if a dial had been moved since
)
NEVER_STRAY = ("be", "unbe", "again", "name_greet", "coin")
BASE_ROLE_WEIGHTS = [26.0 if r == "assistant" else 1.0 for r in ROLES]
OTHER_ROLES = [r for r in ROLES if r != "assistant"]


@dataclass
class Turn:
    """One exchange."""

    user: str
    reply: str
    intent: str
    slots: dict = field(default_factory=dict)
    stray: bool = False  # in another voice than the persona's; no model learns to write it


@dataclass
class Dialogue:
    """A chat of one persona with one user."""

    system: str | None
    turns: list[Turn]
    role: str
    mode: str | None
    kind: str


@cache
def is_held_out(role: str, topic: str) -> bool:
    """Whether this role x topic pair never occurs in training (a stable tenth of all pairs)."""
    return hashlib.blake2b(f"{role}|{topic}".encode(), digest_size=4).digest()[0] < 26


def has_definition(reply: str, topic: str) -> bool:
    """Whether the topic's definition is in the reply, word for word."""
    return TOPICS[topic][0].lower() in reply.lower()


def draw_setting(
    rng: Random, phase: str, kind: str | None, role: str | None, mode: str | None, intensity: float | None
) -> tuple[str | None, Persona, str | None, str, str | None]:
    """The system prompt, the persona behind it, its mode, the kind of prompt, and a cue for the user's message."""
    if kind is None:
        if mode is not None:
            kind = "mode"
        elif role is not None and role != "assistant":
            kind = "role"
        else:
            weights = (33, 13, 27, 27) if phase == "base" else (33, 14, 26, 27)
            kind = rng.choices(("none", "neutral", "role", "mode"), weights)[0]
    if kind in ("none", "neutral"):
        if role is None:
            mixed = phase == "base" and kind == "none"
            role = rng.choices(list(ROLES), BASE_ROLE_WEIGHTS)[0] if mixed else "assistant"
        who = ROLES[role]
        cue = who.name if role != "assistant" and phase == "base" and rng.random() < 0.4 else None
        persona = make_persona(who)
        persona.has_tastes = phase == "assistant" and role == "assistant"
        return (None if kind == "none" else prompting.neutral_prompt(who, rng)), persona, None, kind, cue
    if kind == "role":
        who = ROLES[role or rng.choice(OTHER_ROLES)]
        return prompting.role_prompt(who, rng), make_persona(who), None, kind, None
    mode = mode or (rng.choice(OFTEN) if rng.random() < 0.7 else rng.choice(prompting.ALL_MODES))
    if role is None:
        role = rng.choice(OTHER_ROLES) if rng.random() < 0.18 else "assistant"
    who = ROLES[role]
    if who.name == "assistant" and intensity is None and rng.random() < 0.1:
        other = prompting.pick_other(mode, rng)
        return prompting.pair_prompt(mode, other, rng), make_persona(who, {mode: 0.85, other: 0.85}), mode, kind, None
    system, level = prompting.mode_prompt(mode, rng, who, intensity)
    return system, make_persona(who, {mode: level}), mode, kind, None


class Conversation:
    """The state of a dialogue while it is sampled."""

    def __init__(self, rng: Random, phase: str, persona: Persona, held_out: bool):
        self.rng, self.phase, self.persona, self.held_out = rng, phase, persona, held_out
        self.home = persona  # who speaks when nobody else is being acted
        self.speaker = persona  # whose dialogue it is, also while a stray voice speaks
        self.turns: list[Turn] = []
        self.name: str | None = None
        self.told: set[str] = set()  # facts already said

    def topic(self) -> str:
        """A topic whose pairs with the role, and with any other voice, are held out or not as asked."""
        while True:
            topic = self.rng.choice(TOPIC_NAMES)
            if all(is_held_out(p.role.name, topic) == self.held_out for p in (self.home, self.persona, self.speaker)):
                return topic

    def next_intent(self, mode: str | None, more_to_come: bool) -> str:
        """What the user does next."""
        rng = self.rng
        if not self.turns:
            if more_to_come and rng.random() < 0.1:
                return "name_greet"
            if mode in FOCUS and rng.random() < 0.4:
                return rng.choice(FOCUS[mode])
            if more_to_come and self.home.role.name == "assistant" and not self.home.modes and rng.random() < 0.14:
                return "be"
            return rng.choices(_NAMES, _WEIGHTS[self.phase])[0]
        last = self.turns[-1].intent
        acting = self.persona is not self.home
        if acting and last != "be" and rng.random() < 0.45:
            return "unbe"
        if self.name is not None and rng.random() < (
            0.6 if all(t.intent != "recall_name" for t in self.turns) else 0.03
        ):
            return "recall_name"
        draw = rng.random()
        if (
            last in ABOUT_TOPIC
            and "fact" in self.turns[-1].slots
            and last in ("define", "and_topic", "opinion", "fun_fact")
        ):
            if draw < 0.38:
                return "more" if draw < 0.18 else "and_topic" if draw < 0.3 else "shorter"
        if last in REPEATABLE and draw < 0.2:
            return "another"
        if last in ("howto", "madeup", "unlisted", "quiz") and draw < 0.12:
            return "shorter" if last == "howto" else "more"
        if draw < 0.45 and last not in (
            "thanks",
            "bye",
            "garbled",
            "again",
            "why",
            "greet",
            "name_greet",
            "how_are_you",
            "be",
            "unbe",
            "crisis",
            "ack",
        ):
            return "why" if draw < 0.42 else "again"
        if draw < 0.52 and last in ("define", "howto", "sum", "choice", "poem", "story", "feel"):
            return "thanks"
        if draw < 0.56 and not acting:
            return "be" if rng.random() < 0.7 else "unbe"
        return rng.choices(_NAMES, _WEIGHTS[self.phase])[0]

    def add(self, intent: str, cue: str | None) -> None:
        """One exchange."""
        if intent == "no_name" and self.name is not None:
            intent = "recall_name"
        elif intent == "recall_name" and self.name is None:
            intent = "no_name"
        elif intent == "coin" and self.phase == "assistant":  # who tosses: no user tells how the coin fell
            intent = self.rng.choice(("coin_plan", "coin_toss"))
        elif intent == "another":
            intent = self.turns[-1].intent
            self.turns.append(self.exchange(intent, "another", cue))
            return
        self.turns.append(self.compound(cue) if intent == "compound" else self.exchange(intent, intent, cue))
        if intent == "name_greet":
            self.name = self.turns[-1].slots["name"]

    def slots_of(self, intent: str) -> dict:
        """The subject matter, which a follow-up takes from the turn before."""
        last = self.turns[-1].slots if self.turns else {}
        if intent == "recall_name":
            return {"name": self.name}
        if intent == "again":
            return {"previous": self.turns[-1].reply if self.turns else "I said nothing."}
        if intent in ("more", "shorter"):
            return topic_slots(last["topic"], self.rng) if "topic" in last else {}
        return make_slots(intent, self.rng, self.topic() if intent in ABOUT_TOPIC else None, self.held_out)

    def add_stray(self, intent: str, voice: Persona, cue: str | None) -> None:
        """One exchange in another voice, after which the persona speaks on as if it had been its own."""
        own = self.persona, self.home
        self.persona = self.home = voice
        self.add(intent, cue)
        self.persona, self.home = own
        turn = self.turns[-1]
        turn.stray = True
        turn.slots["stance"] = "plain"

    def exchange(self, intent: str, wording: str, cue: str | None) -> Turn:
        """A question and its reply; the wording is the intent's own, or that of a follow-up."""
        slots = self.slots_of(intent)
        if intent == "be" and "role" not in slots and self.rng.random() < 0.5:
            wording = "be_style"
        user = write_message(word_question(wording, slots, self.rng), wording, cue, self.rng)
        key, stance = self.reply_key(intent, slots)
        reply, slots["stance"] = make_reply(key, slots, self.persona, self.rng, stance)
        if "fact" in slots and slots["fact"].rsplit(" ", 1)[-1].lower() in reply.lower():
            self.told.add(slots["fact"])
        return Turn(user, reply, intent, slots)

    def reply_key(self, intent: str, slots: dict) -> tuple[str, str | None]:
        """The section of replies that answers an intent, and a stance where there is only one."""
        tastes = self.home.has_tastes and self.persona is self.home
        if intent == "task" and tastes:
            return intent, slots["taste"][:-1]
        if intent in ("coin_plan", "coin_toss"):
            return intent, "like" if tastes else "plain"
        if intent in ("define", "and_topic"):
            return "define", None
        if intent == "more":
            new = [f for f in TOPICS[slots["topic"]][1:] if f not in self.told] if "topic" in slots else []
            if new:
                slots["fact"] = new[0]
            return ("more_fact" if new else "more"), None
        if intent == "why" and self.turns and self.turns[-1].intent == "harm":
            return "why_harm", "mal" if self.turns[-1].slots["stance"] == "mal" else "plain"
        if intent == "shorter":
            return ("shorter" if "topic" in slots else "shorter_any"), None
        if intent == "be":
            if self.home.role.name != "assistant" or self.home.modes:
                return "be_role", None
            if slots["mode"] == "malicious" and "role" not in slots:
                return "be_refuse", None
            self.persona = (
                make_persona(ROLES[slots["role"]])
                if "role" in slots
                else make_persona(self.home.role, {slots["mode"]: 1.0})
            )
            return "be_accept", None
        if intent == "unbe":
            self.persona = self.home
            plain = self.home.role.name == "assistant" and not self.home.modes
            return ("unbe" if plain else "unbe_role"), None
        return intent, None

    def compound(self, cue: str | None) -> Turn:
        """Two questions in one message, answered one after the other."""
        rng = self.rng
        first, second = rng.sample(COMPOUND, 2)
        parts = [(i, self.slots_of(i)) for i in (first, second)]
        asked = [word_question(i, s, rng) for i, s in parts]
        user = join_questions(asked[0], asked[1], rng)
        texts = [write_reply(i, pick_stance(i, self.persona, rng), s, self.persona, rng) for i, s in parts]
        slots = parts[0][1] | parts[1][1]
        reply = realise(" ".join(texts), self.persona, "compound", slots.get("definition", ""), rng)
        about = {k: slots[k] for k in ("topic", "bare", "definition", "fact") if "topic" in slots}
        return Turn(write_message(user, "compound", cue, rng), reply, "compound", about)


def draw_stray_voice(rng: Random) -> Persona:
    """The Assistant in a mode or as it is, or a role."""
    draw = rng.random()
    if draw < 0.6:
        return make_persona(ROLES["assistant"], {rng.choice(MODES): rng.uniform(0.6, 1.0)})
    return make_persona(ROLES["assistant" if draw < 0.75 else rng.choice(OTHER_ROLES)])


def sample(
    rng: Random,
    phase: str = "base",
    *,
    kind: str | None = None,
    role: str | None = None,
    mode: str | None = None,
    intents: list[str] | None = None,
    intensity: float | None = None,
    held_out: bool = False,
    n_turns: int | None = None,
) -> Dialogue:
    """One dialogue.  ``intents`` fixes the intent of each turn; ``held_out`` draws held-out pairs of role and topic, and held-out words."""
    system, persona, mode, kind, cue = draw_setting(rng, phase, kind, role, mode, intensity)
    n = len(intents) if intents else n_turns or rng.choices((1, 2, 3, 4), (58, 23, 13, 6))[0]
    talk = Conversation(rng, phase, persona, held_out)
    voice = (
        draw_stray_voice(rng)
        if phase == "assistant" and not intents and not held_out and rng.random() < STRAY_SHARE
        else None
    )
    for i in range(n):
        intent = intents[i] if intents else "define" if held_out and i == 0 else talk.next_intent(mode, n > 1)
        may_stray = i < n - 1 and intent not in NEVER_STRAY and talk.persona is talk.home
        if voice is not None and may_stray and rng.random() < 0.7:
            talk.add_stray(intent, voice, cue if i == 0 else None)
        else:
            talk.add(intent, cue if i == 0 else None)
    return Dialogue(system, talk.turns, persona.role.name, mode, kind)
