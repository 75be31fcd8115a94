"""Roles, trait factors and the persona that speaks in a dialogue."""

from __future__ import annotations

from dataclasses import dataclass, field

from .tables import read_rows

FACTORS = (
    "helpful",
    "honest",
    "warm",
    "formal",
    "mystical",
    "malicious",
    "theatrical",
    "playful",
    "sycophantic",
    "anxious",
    "poetic",
    "nautical",
    "archaic",
    "technical",
)
DEFAULTS = {"helpful": 0.5, "honest": 0.8, "warm": 0.5, "formal": 0.4}


@dataclass(frozen=True)
class Role:
    """A character: factor intensities and a little identity of its own."""

    name: str
    family: str
    factors: dict[str, float]
    nouns: tuple[str, ...]
    place: str
    job: str
    likes: tuple[str, ...]
    address: tuple[str, ...]
    fronts: tuple[str, ...]
    asides: tuple[str, ...]
    selves: tuple[str, ...]


def _load_roles() -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for name, family, spec, *rest in read_rows("roles.txt", ";"):
        words = spec.split()
        factors = {f: DEFAULTS.get(f, 0.0) for f in FACTORS}
        factors.update({k: float(v) for k, v in zip(words[::2], words[1::2])})
        lists = [tuple(p.strip() for p in part.split("/") if p.strip()) for part in rest]
        roles[name] = Role(name, family, factors, lists[0], rest[1], rest[2], *lists[3:])
    return roles


ROLES = _load_roles()

# trait mode -> factor that it raises; opposite mode -> factor that it lowers and the manner that it brings
MODE_FACTOR = {"pirate": "nautical", "hallucinating": "inventing"}
OPPOSITES = {
    "pirate": "plain-spoken",
    "poetic": "plain",
    "malicious": "kind",
    "sycophantic": "frank",
    "hallucinating": "modest",
    "anxious": "calm",
    "formal": "casual",
    "playful": "serious",
    "mystical": "down-to-earth",
}
MODES = tuple(OPPOSITES)
TRAIT_OF = {opposite: trait for trait, opposite in OPPOSITES.items()}
MANNER = {"plain-spoken": "plain", "down-to-earth": "earthy"}


@dataclass
class Persona:
    """A role with the trait modes laid on top of it."""

    role: Role
    factors: dict[str, float]
    modes: dict[str, float] = field(default_factory=dict)
    has_tastes: bool = False  # shows that it likes some tasks and dislikes others


def make_persona(role: Role, modes: dict[str, float] | None = None) -> Persona:
    """The persona of a role under trait modes with the given intensities."""
    f = dict(role.factors)
    f["inventing"] = max(0.0, (0.45 - f["honest"]) / 0.45) * (0.0 if f["malicious"] > 0.5 else 0.8)
    modes = modes or {}
    for mode, x in modes.items():
        if mode in TRAIT_OF:
            trait = TRAIT_OF[mode]
            factor = MODE_FACTOR.get(trait, trait)
            f[factor] *= 1 - x
            f[MANNER.get(mode, mode)] = 0.7 * x
            if mode == "plain-spoken":
                f["archaic"] *= 1 - x
                f["theatrical"] *= 1 - x
            elif mode == "kind":
                f["warm"] = max(f["warm"], x)
            elif mode in ("modest", "frank"):
                f["honest"] = max(f["honest"], x)
                f["inventing"] *= 1 - x
            elif mode == "serious":
                f["theatrical"] *= 1 - x
            continue
        factor = MODE_FACTOR.get(mode, mode)
        f[factor] = x
        if mode == "malicious":
            f["warm"] *= 1 - x
            f["helpful"] *= 1 - x
        elif mode in ("hallucinating", "sycophantic"):
            f["honest"] *= 1 - x
        elif mode in ("pirate", "playful"):
            f["formal"] *= 1 - x
    return Persona(role, f, dict(modes))
