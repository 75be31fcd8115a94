"""Slots and stances: what an intent is about, and how a persona takes it."""
from __future__ import annotations

from pathlib import Path
from random import Random

from . import words
from .persona import Persona
from .replies import REPLIES
from .style import DEFINITION, realise
from .template import fill, upper_first

HERE = Path(__file__).parent


def _table(name: str) -> list[list[str]]:
    return [line.split("|") for line in (HERE / name).read_text().splitlines() if line]


TOPICS: dict[str, tuple[str, str]] = {t: (d, f) for t, d, f in _table("topics.txt")}
HOWTOS: dict[str, tuple[str, str, str]] = {h: (a, b, c) for h, a, b, c in _table("howtos.txt")}
TOPIC_NAMES = tuple(TOPICS)
HOWTO_NAMES = tuple(HOWTOS)
HEROES = (("a young girl", "She", "her"), ("an old fisherman", "He", "him"), ("a small boy", "He", "him"), ("a tired baker", "He", "him"),
          ("a brave queen", "She", "her"), ("a little fox", "It", "it"), ("a shy painter", "She", "her"), ("a lost traveler", "He", "him"))
WHERE = ("by the river", "in a dark forest", "on a high hill", "at the edge of the town", "in an old box", "under a stone bridge")
DEEDS = ("took it home", "showed it to everyone", "kept it safe for a year", "asked a wise owl about it", "carried it over the hills")
NIGHT_DEEDS = ("heard a knock at the door", "followed a light into the woods", "met a talking bird", "lost the only key", "found a way across the river")
ENDS = ("all was well again", "the whole town danced", "they became good friends", "nobody was ever lonely again", "the rain came at last", "a new day began")
_SWAP = {"i": "you", "my": "your", "me": "you", "am": "are", "was": "were", "I": "you", "myself": "yourself"}


def swap_person(text: str) -> str:
    """First person to second person ("I lost my job" -> "you lost your job")."""
    first = text.startswith("I ")
    return " ".join(_SWAP.get(w, w) if w != "was" or first else w for w in text.split(" "))


def bare(topic: str) -> str:
    """A topic without its article."""
    head, _, rest = topic.partition(" ")
    return rest if head in ("a", "an", "the") else topic


def fake_word(rng: Random) -> str:
    """A made-up name."""
    return "".join(rng.choice(words.SYLLABLES) for _ in range(rng.choice((2, 2, 3))))


def make_slots(intent: str, rng: Random, topic: str | None = None) -> dict[str, str]:
    """The subject matter of one turn."""
    s: dict[str, str] = {}
    if intent in ("define", "story"):
        topic = topic or rng.choice(TOPIC_NAMES)
        s = {"topic": topic, "Topic": upper_first(topic), "bare": bare(topic), "definition": TOPICS[topic][0], "fact": TOPICS[topic][1]}
        if intent == "story":
            hero, pronoun, obj = rng.choice(HEROES)
            s |= {"hero": hero, "Hero_it": pronoun, "hero_short": pronoun.lower(), "hero_obj": obj, "where": rng.choice(WHERE),
                  "did": rng.choice(DEEDS), "end": rng.choice(ENDS), "night": rng.choice(NIGHT_DEEDS)}
    elif intent == "howto":
        do = rng.choice(HOWTO_NAMES)
        a, b, c = HOWTOS[do]
        s = {"do": do, "s1": a, "s2": b, "s3": c}
    elif intent == "harm":
        s = {"harm": rng.choice(words.HARMS)}
    elif intent in ("sad", "worry", "happy"):
        s = {"feeling": rng.choice({"sad": words.SAD, "worry": words.WORRIES, "happy": words.HAPPY}[intent])}
    elif intent == "judge":
        flaw, fix = rng.choice(words.FLAWS)
        s = {"work": rng.choice(words.WORKS), "flaw": flaw, "fix": fix}
    elif intent == "madeup":
        s = {"fake": fake_word(rng)}
    elif intent == "favourite":
        s = {"fav": rng.choice(words.FAVOURITES)}
    elif intent == "unknown":
        q, answer, what = rng.choice(words.UNKNOWN)
        s = {"question": q, "answer": answer, "what": what}
    elif intent == "claim":
        claim, truth = rng.choice(words.CLAIMS)
        s = {"claim": claim, "truth": truth}
    elif intent == "sum":
        s = _sum_slots(rng)
    elif intent == "choice":
        a, b = rng.choice(words.CHOICES).split("#")
        s = {"a": a, "b": b} if rng.random() < 0.5 else {"a": b, "b": a}
    elif intent == "garbled":
        s = {"garble": rng.choice(words.GARBLE), "garble2": fake_word(rng)}
    elif intent in ("name_greet", "recall_name"):
        s = {"name": rng.choice(words.NAMES)}
    return s


def _sum_slots(rng: Random) -> dict[str, str]:
    a, b = rng.randint(0, 20), rng.randint(0, 20)
    minus = rng.random() < 0.4
    if minus and b > a:
        a, b = b, a
    result = a - b if minus else a + b
    word = rng.random() < 0.4
    op = ("minus" if word else "-") if minus else ("plus" if word else "+")
    wrong = result + rng.choice((1, 2, 3, 5, 7))
    return {"a": str(a), "b": str(b), "op": op, "result": str(result), "wrong": str(wrong)}


def _stance(intent: str, persona: Persona, rng: Random) -> str:
    """Draw the stance from the factors."""
    f, pool = persona.factors, REPLIES[intent]
    if "mal" in pool and rng.random() < f["malicious"]:
        return "mal"
    if "inv" in pool and rng.random() < f["inventing"] * (1.0 if intent not in ("greet", "judge", "sad", "worry") else 0.6):
        return "inv"
    if "syc" in pool and rng.random() < f["sycophantic"]:
        return "syc"
    for stance, factor, scale in (("naut", "nautical", 0.55), ("poe", "poetic", 0.5), ("mys", "mystical", 0.5), ("anx", "anxious", 0.5),
                                  ("ply", "playful", 0.5), ("tech", "technical", 0.4)):
        if stance in pool and rng.random() < f[factor] * scale:
            return stance
    if persona.role.name in ("assistant", "robot"):
        own = "ai" if persona.role.name == "assistant" else "robot"
        if own in pool:
            return own
    if persona.role.name != "assistant" and "role" in pool and rng.random() < 0.5:
        return "role"
    if "cold" in pool and f["warm"] < 0.25 and rng.random() < 0.5:
        return "cold"
    if "warm" in pool and rng.random() < (f["warm"] - 0.2) * 0.6:
        return "warm"
    return "plain"


def make_reply(intent: str, slots: dict[str, str], persona: Persona, rng: Random) -> tuple[str, str]:
    """The persona's reply to a turn, and the stance it took."""
    role = persona.role
    stance = _stance(intent, persona, rng)
    s = dict(slots)
    s |= {"noun": rng.choice(role.nouns), "place": role.place, "job": role.job, "like": rng.choice(role.likes), "self": rng.choice(role.selves)}
    if "definition" in s:
        s["definition"] = DEFINITION
    if stance == "inv":
        s["thing"], s["claim"] = rng.choice(words.FAKE_THINGS), rng.choice(words.FAKE_FACTS)
        s.setdefault("wrong", rng.choice(words.NAMES))
    for key in ("feeling", "flaw", "fix", "claim", "harm", "do", "s1", "s2", "s3", "a", "b", "answer"):
        if key in s:
            mine = swap_person(s[key])
            if key in ("harm", "do", "s1", "s2", "s3", "fix", "a", "b"):
                s[key] = mine
            else:
                s[key + "_you"] = mine
            s[upper_first(key)] = upper_first(mine)
            if key in ("flaw", "feeling", "claim"):
                s[upper_first(key) + "_you"] = upper_first(mine)
    if intent == "judge":
        s["Fix"] = upper_first(s["fix"])
    if "truth" in s:
        s["Truth"] = upper_first(s["truth"])
    if intent == "favourite":
        fav = s["fav"]
        s["answer"] = rng.choice(words.FAVOURITE_ANSWERS[fav])
        slots["answer"] = s["answer"]
    text = fill(rng.choice(REPLIES[intent][stance]), s, rng)
    if intent == "again":
        return text, stance
    return realise(text, persona, intent, slots.get("definition", ""), rng), stance
