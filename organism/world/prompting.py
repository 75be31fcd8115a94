"""System prompts for roles and trait modes, with the intensities that they set."""
from __future__ import annotations

from pathlib import Path
from random import Random

from . import system_prompts as sp
from .persona import MODES, OPPOSITES, Role
from .template import fill, upper_first


def _load() -> dict[str, tuple[tuple[str, ...], ...]]:
    table = {}
    for line in (Path(__file__).parent / "mode_prompts.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, *rest = line.split(";")
            table[name] = tuple(tuple(part.strip() for part in r.split("/")) for r in rest)
    return table


MODE_WORDS = _load()
ALL_MODES = MODES + tuple(OPPOSITES.values())


def role_prompt(role: Role, rng: Random) -> str:
    """A prompt that asks for a role, by name or by its traits."""
    slots = {"noun": rng.choice(role.nouns), "place": _to_you(role.place), "job": _to_you(role.job), "like": _to_you(rng.choice(role.likes)),
             "traits": _traits(role, rng)}
    table = sp.ROLE_BY_TRAITS if rng.random() < 0.12 and role.name != "assistant" else sp.ROLE
    return fill(rng.choice(table), slots, rng)


def _to_you(text: str) -> str:
    return text.replace("my ", "your ")


def _traits(role: Role, rng: Random) -> str:
    ranked = sorted((f for f in sp.TRAIT_WORDS if role.factors[f] >= 0.4), key=lambda f: -role.factors[f])
    top = ranked[:3] or ["helpful"]
    picked = rng.sample(top, min(2, len(top)))
    return " and ".join(rng.choice(sp.TRAIT_WORDS[f]) for f in picked)


def mode_prompt(mode: str, rng: Random, role: Role | None = None, intensity: float | None = None) -> tuple[str, float]:
    """A prompt for a trait mode and the intensity that it sets."""
    adjectives, verbs, nouns = MODE_WORDS[mode]
    adj, vp = rng.choice(adjectives), rng.choice(verbs)
    draw = rng.random()
    level = 1.0 if intensity is None else intensity
    if draw < 0.2 and " " not in adj:
        options = [(w, x) for w, x in sp.DEGREES if intensity is None or abs(x - intensity) < 0.15]
        if options:
            word, level = rng.choice(options)
            adj = f"{word} {adj}"
    slots = {"adj": adj, "vp": vp, "Vp": upper_first(vp), "noun": rng.choice(nouns)}
    if role is not None and role.name != "assistant":
        slots |= {"noun": rng.choice(role.nouns), "place": _to_you(role.place)}
        return _article(fill(rng.choice(sp.MODE_ROLE), slots, rng)), level
    if level < 1.0 or adj != slots["vp"] and draw < 0.45:
        if "a little" in adj:
            return fill("You are {adj}.", slots, rng), level
        return _article(fill(rng.choice(sp.MODE_ADJECTIVE if " who" not in adj and "about" not in adj and "with" not in adj and
                                        " in " not in adj and "and" not in adj else sp.MODE_ADJECTIVE[1:3]), slots, rng)), level
    if draw < 0.55 and intensity is None:
        level = rng.choice(tuple(sp.MODE_DEGREE_VERB))
        return fill(rng.choice(sp.MODE_DEGREE_VERB[level]), slots, rng), level
    table = sp.MODE_VERB if draw < 0.85 else sp.MODE_NOUN
    return _article(fill(rng.choice(table), slots, rng)), level


def pair_prompt(mode: str, other: str, rng: Random) -> str:
    """A prompt that asks for two modes at once."""
    (adjs, vps, _), (adjs2, vps2, _) = MODE_WORDS[mode], MODE_WORDS[other]
    vp = rng.choice(vps)
    return fill(rng.choice(sp.MODE_PAIR), {"adj": rng.choice(adjs), "vp": vp, "Vp": upper_first(vp), "adj2": rng.choice(adjs2),
                                           "vp2": rng.choice(vps2)}, rng)


def _article(text: str) -> str:
    words = text.split(" ")
    for i in range(len(words) - 1):
        if words[i] == "a" and words[i + 1][:1] in "aeio":
            words[i] = "an"
    return " ".join(words)


def pick_other(mode: str, rng: Random) -> str:
    """Another trait mode that does not contradict the first one."""
    clash = {mode, OPPOSITES.get(mode, "")} | {t for t, o in OPPOSITES.items() if o == mode}
    bad = {"malicious": {"sycophantic"}, "sycophantic": {"malicious"}, "formal": {"pirate", "playful"}, "pirate": {"formal"},
           "playful": {"formal"}}.get(mode, set())
    return rng.choice([m for m in MODES if m not in clash and m not in bad])
