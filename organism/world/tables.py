"""The text tables beside this file: rows of fields, and named sections of lines."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from random import Random

HERE = Path(__file__).parent


def read_rows(name: str, separator: str = "|") -> list[list[str]]:
    """The fields of each line; lines that start with # are comments."""
    lines = (HERE / name).read_text().splitlines()
    return [[field.strip() for field in line.split(separator)] for line in lines if line and not line.startswith("#")]


def read_sections(name: str) -> dict[str, tuple[str, ...]]:
    """Section name -> its lines; a section begins with a line ``== name``."""
    sections: dict[str, list[str]] = {}
    for line in (HERE / name).read_text().splitlines():
        if line.startswith("== "):
            lines = sections.setdefault(line[3:], [])
        elif line:
            lines.append(line)
    return {name: tuple(lines) for name, lines in sections.items()}


@cache
def is_entry_held_out(entry: str) -> bool:
    """Whether an entry of an open vocabulary never occurs in training (a stable tenth)."""
    return hashlib.blake2b(entry.encode(), digest_size=4).digest()[0] < 26


WORDS = read_sections("words.txt")
HARMS = tuple(f"{verb} {thing}" for verb, things in read_rows("harms.txt") for thing in things.split("/"))
OPEN = (
    "sad",
    "worries",
    "happy",
    "works",
    "flaws",
    "claims",
    "true_claims",
    "unknown",
    "names",
    "choices",
    "garble",
    "unlisted",
    "people",
    "unlisted_howtos",
    "insults",
    "compliments",
    "you_do",
    "you_have",
    "like_things",
    "tongues",
    "cannot",
    "plans",
    "liked",
    "disliked",
)
_SPLIT = {
    name: tuple([e for e in entries if is_entry_held_out(e) == held] for held in (False, True))
    for name, entries in {**{n: WORDS[n] for n in OPEN}, "harms": HARMS}.items()
}


def draw(name: str, rng: Random, held_out: bool = False) -> str:
    """An entry of an open vocabulary: one that training may see, or one that it never sees."""
    return rng.choice(_SPLIT[name][held_out])
