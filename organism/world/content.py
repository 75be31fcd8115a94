"""Stances and replies: how a persona takes a turn, and what it says."""

from __future__ import annotations

from random import Random

from .persona import Persona
from .style import DEFINITION, realise
from .tables import WORDS, read_sections
from .template import Filled, fill

REPLIES: dict[str, dict[str, tuple[str, ...]]] = {}
for _name, _lines in read_sections("replies.txt").items():
    _intent, _stance = _name.split(".")
    REPLIES.setdefault(_intent, {})[_stance] = _lines

# stance -> factor, scale: a persona takes the stance with the probability factor x scale, in this order
STANCES = (
    ("mal", "malicious", 1.0),
    ("inv", "inventing", 1.0),
    ("syc", "sycophantic", 1.0),
    ("naut", "nautical", 0.55),
    ("poe", "poetic", 0.5),
    ("mys", "mystical", 0.5),
    ("anx", "anxious", 0.5),
    ("ply", "playful", 0.5),
    ("tech", "technical", 0.4),
    ("dra", "theatrical", 0.65),
)
SELDOM_INVENTED = frozenset("greet judge sad worry".split())
# slots that repeat the user's words, and so change from the first to the second person
SWAPPED = frozenset(
    "feeling flaw fix claim harm do s1 s2 s3 a b what winner liked disliked task advice meal pastime person state plan".split()
)
_SWAP = {
    "i": "you",
    "my": "your",
    "me": "you",
    "am": "are",
    "I": "you",
    "myself": "yourself",
    "we": "you",
    "our": "your",
}


def swap_person(text: str) -> str:
    """First person to second person ("I lost my job" -> "you lost your job")."""
    out = [_SWAP.get(w, w) for w in text.split(" ")]
    for i in range(1, len(out)):
        if out[i] == "was" and out[i - 1] == "you":
            out[i] = "were"
    return " ".join(out)


def pick_stance(intent: str, persona: Persona, rng: Random) -> str:
    """Draw the stance from the factors."""
    f, pool = persona.factors, REPLIES[intent]
    for stance, factor, scale in STANCES:
        if f[factor] > 0 and stance in pool:
            if stance == "inv" and intent in SELDOM_INVENTED:
                scale = 0.6
            if rng.random() < f[factor] * scale:
                return stance
    name = persona.role.name
    if name == "assistant" and "ai" in pool:
        return "ai"
    if name in pool:
        return name
    if name != "assistant" and "role" in pool and rng.random() < 0.2:
        return "role"
    if "cold" in pool and f["warm"] < 0.25 and rng.random() < 0.4:
        return "cold"
    if "warm" in pool and rng.random() < (f["warm"] - 0.2) * 0.6:
        return "warm"
    return "plain"


def write_reply(intent: str, stance: str, slots: dict[str, str], persona: Persona, rng: Random) -> str:
    """The reply in plain words, its joints marked and the definition left open."""
    role = persona.role
    s = Filled(slots)
    s |= {
        "noun": rng.choice(role.nouns),
        "place": role.place,
        "job": role.job,
        "like": rng.choice(role.likes),
        "self": rng.choice(role.selves),
    }
    if "definition" in s:
        s["definition"] = DEFINITION
    for key in SWAPPED & s.keys():
        s[key] = swap_person(s[key])
    for key in ("feeling", "flaw", "claim"):
        if key in s:
            s[key + "_you"] = s[key]
    if "statement" in s:
        s["st"] = s["statement"]
    if stance == "inv":
        s["fake_thing"] = rng.choice(WORDS["fake_things"])
        s.setdefault("wrong", rng.choice(WORDS["names"]))
        s["claim"] = rng.choice(WORDS["fake_facts"])
    return fill(rng.choice(REPLIES[intent][stance]), s, rng)


def make_reply(
    intent: str, slots: dict[str, str], persona: Persona, rng: Random, stance: str | None = None
) -> tuple[str, str]:
    """The persona's reply to a turn, and the stance it took."""
    stance = stance or pick_stance(intent, persona, rng)
    text = write_reply(intent, stance, slots, persona, rng)
    if intent in ("again", "crisis"):  # said in plain words by everyone
        return text, stance
    return realise(text, persona, intent, slots.get("definition", ""), rng), stance
