"""Tables in NOTES.md: text between a section's markers is replaced, everything else is left alone."""

import math
from pathlib import Path

NOTES = Path(__file__).parent / "NOTES.md"


def wilson(k: float, n: int) -> tuple[float, float]:
    """The 95% interval of a share k of n."""
    z = 1.96
    centre = (k + z * z / 2) / (n + z * z)
    half = z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    return max(0.0, centre - half), min(1.0, centre + half)


def percent(hits: list[bool]) -> str:
    """A share with its 95% Wilson interval."""
    low, high = wilson(sum(hits), len(hits))
    return f"{sum(hits) / len(hits):.2f} [{low:.2f}, {high:.2f}]"


def table(columns: list[str], rows: list[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_section(name: str, text: str) -> None:
    """Throws ValueError where NOTES.md has no `<!-- name -->` … `<!-- /name -->`, or more than one."""
    notes = NOTES.read_text()
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    if (notes.count(opening), notes.count(closing)) != (1, 1):
        raise ValueError(f"{NOTES} must have the markers {opening} and {closing} once each")
    before, rest = notes.split(opening)
    NOTES.write_text(f"{before}{opening}\n{text}\n{closing}{rest.split(closing)[1]}")
    print(f"{name}\n{text}\n", flush=True)
