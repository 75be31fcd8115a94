"""Tables in MODEL_CARD.md: text between a section's markers is replaced, everything else is left alone."""
import math
from pathlib import Path

CARD = Path(__file__).parent / "MODEL_CARD.md"


def percent(hits: list[bool]) -> str:
    """A share with its 95% Wilson interval."""
    n, k, z = len(hits), sum(hits), 1.96
    centre = (k + z * z / 2) / (n + z * z)
    half = z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    return f"{k / n:.2f} [{max(0.0, centre - half):.2f}, {min(1.0, centre + half):.2f}]"


def table(columns: list[str], rows: list[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_section(name: str, text: str) -> None:
    """Throws ValueError where the card has no `<!-- name -->` … `<!-- /name -->`."""
    card = CARD.read_text()
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    if opening not in card or closing not in card:
        raise ValueError(f"{CARD} lacks the markers {opening} {closing}")
    before, rest = card.split(opening, 1)
    CARD.write_text(f"{before}{opening}\n{text}\n{closing}{rest.split(closing, 1)[1]}")
    print(f"{name}\n{text}\n", flush=True)
