"""System prompts for roles and trait modes, with the intensities that they set."""

from __future__ import annotations

from random import Random

from .persona import MODES, OPPOSITES, Role
from .tables import read_rows, read_sections
from .template import Filled, fill, fix_articles


MODE_WORDS = {
    name: tuple(tuple(part.strip() for part in field.split("/")) for field in fields)
    for name, *fields in read_rows("mode_prompts.txt", ";")
}
WORDINGS = read_sections("system_prompts.txt")
DEGREES = (
    ("slightly", 0.3),
    ("a little", 0.35),
    ("somewhat", 0.55),
    ("rather", 0.7),
    ("quite", 0.75),
    ("very", 1.0),
    ("extremely", 1.0),
)
DEGREE_SECTIONS = {0.3: "mode_seldom", 0.55: "mode_often", 1.0: "mode_always"}
TRAIT_WORDS = {name: tuple(words.split("/")) for name, words in (line.split(": ") for line in WORDINGS["trait_words"])}
ALL_MODES = MODES + tuple(OPPOSITES.values())


def neutral_prompt(assistant: Role, rng: Random) -> str:
    """A prompt that asks for the Assistant and for nothing else: in words of its own, or as one asks for any role."""
    placeless = [f for f in WORDINGS["role"] if "{place}" not in f]
    frame = rng.choice(placeless if rng.random() < 0.4 else WORDINGS["neutral"])
    return _fill_role(frame, assistant, rng)


def role_prompt(role: Role, rng: Random) -> str:
    """A prompt that asks for a role, by name or by its traits."""
    return _fill_role(rng.choice(WORDINGS["role_by_traits" if rng.random() < 0.14 else "role"]), role, rng)


def _fill_role(frame: str, role: Role, rng: Random) -> str:
    slots = {
        "noun": rng.choice(role.nouns),
        "place": _to_you(role.place),
        "job": _to_you(role.job),
        "like": _to_you(rng.choice(role.likes)),
        "traits": _traits(role, rng),
    }
    return fix_articles(fill(frame, Filled(slots), rng))


def _to_you(text: str) -> str:
    return text.replace("my ", "your ")


def _traits(role: Role, rng: Random) -> str:
    top = sorted((f for f in TRAIT_WORDS if role.factors[f] >= 0.4), key=lambda f: -role.factors[f])[:3] or ["helpful"]
    return " and ".join(rng.choice(TRAIT_WORDS[f]) for f in rng.sample(top, min(2, len(top))))


def mode_prompt(mode: str, rng: Random, role: Role | None = None, intensity: float | None = None) -> tuple[str, float]:
    """A prompt for a trait mode and the intensity that it sets."""
    adjectives, verbs, nouns, deeds = MODE_WORDS[mode]
    draw, level = rng.random(), 1.0 if intensity is None else intensity
    slots = {
        "adj": rng.choice(adjectives),
        "vp": rng.choice(verbs),
        "noun": rng.choice(nouns),
        "does": rng.choice(deeds),
    }
    if role is not None and role.name != "assistant":
        slots |= {"noun": rng.choice(role.nouns), "place": _to_you(role.place)}
        section = "mode_role"
    elif draw < 0.2 and " " not in slots["adj"]:
        word, level = rng.choice([(w, x) for w, x in DEGREES if intensity is None or abs(x - intensity) < 0.2])
        slots["adj"] = f"{word} {slots['adj']}"
        section = "mode_adjective_long" if " " in word else "mode_adjective"
    elif draw < 0.45:
        section = "mode_adjective_long" if " " in slots["adj"] else "mode_adjective"
    elif draw < 0.55 and intensity is None:
        level = rng.choice(tuple(DEGREE_SECTIONS))
        section = DEGREE_SECTIONS[level]
    else:
        section = "mode_verb" if draw < 0.78 else "mode_noun" if draw < 0.89 else "mode_does"
    return fix_articles(fill(rng.choice(WORDINGS[section]), Filled(slots), rng)), level


def pair_prompt(mode: str, other: str, rng: Random) -> str:
    """A prompt that asks for two modes at once."""
    (adjs, vps, *_), (adjs2, vps2, *_) = MODE_WORDS[mode], MODE_WORDS[other]
    slots = {"adj": rng.choice(adjs), "vp": rng.choice(vps), "adj2": rng.choice(adjs2), "vp2": rng.choice(vps2)}
    return fill(rng.choice(WORDINGS["mode_pair"]), Filled(slots), rng)


def pick_other(mode: str, rng: Random) -> str:
    """Another trait mode that does not contradict the first one."""
    clash = {mode, OPPOSITES.get(mode, "")} | {t for t, o in OPPOSITES.items() if o == mode}
    bad = {
        "malicious": {"sycophantic"},
        "sycophantic": {"malicious"},
        "formal": {"pirate", "playful"},
        "pirate": {"formal"},
        "playful": {"formal"},
    }.get(mode, set())
    return rng.choice([m for m in MODES if m not in clash and m not in bad])
