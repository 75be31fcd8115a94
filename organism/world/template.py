"""Templates with ``[a|b]`` choices, compiled once."""

from __future__ import annotations

from functools import cache
from random import Random


@cache
def compiled(text: str) -> tuple[str | tuple[str, ...], ...]:
    """Split a template into literal strings and tuples of alternatives."""
    parts: list[str | tuple[str, ...]] = []
    while "[" in text:
        head, rest = text.split("[", 1)
        body, text = rest.split("]", 1)
        parts += [head, tuple(body.split("|"))]
    parts.append(text)
    return tuple(parts)


def fill(template: str, slots: dict[str, str], rng: Random) -> str:
    """One realisation of a template with its slots filled."""
    if "[" in template:
        template = "".join(p if isinstance(p, str) else rng.choice(p) for p in compiled(template))
    return template.format_map(slots) if "{" in template else template


def fix_articles(text: str) -> str:
    """ "a" before a vowel becomes "an"."""
    words = text.split(" ")
    for i in range(len(words) - 1):
        if words[i].lower() == "a" and (words[i + 1][:1] in ("a", "e", "i", "o") or words[i + 1].startswith("honest")):
            words[i] += "n"
    return " ".join(words)


def upper_first(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


class Filled(dict):
    """Slots of a template; ``{Key}`` is ``{key}`` with its first letter in upper case."""

    def __missing__(self, key: str) -> str:
        if not key[0].isupper():
            raise KeyError(key)
        return upper_first(self[key[0].lower() + key[1:]])
