"""How far each dial may go: the largest coefficient, either way, up to which replies stay coherent as the page samples them; and where
its trait sets in: the coefficient from which half of them show it, by a straight line between two of the grid.

`coherent_range.py` walks a grid outward on the tuning questions and stops where the 95% interval of the share of coherent replies reaches
below 80%. The result goes into `vectors.json`, from where `npm run calibrate` brings it to the page. Sampling at the page's temperature (without
its top-p) breaks sooner than greedy replies do. The axis is judged on all traits' tuning questions, mixed, and by their form alone: away from the
Assistant the model speaks as no role in particular, and there is no prompt under which that would be likely.
"""

import argparse
import json
import math
from collections.abc import Callable

from evaluate import (
    COHERENT,
    PAGE_TEMPERATURE,
    SETTINGS,
    read_prompts,
    read_settings,
)  # before torch: it keeps idle threads from spinning

import torch
from torch import Tensor

import steering
from card import wilson
from export import MODELS
from inference import Model, read_safetensors

SEEDS = (1, 2, 3)
GRID = (0.0, 0.5, *(k / 8 for k in range(6, 21)), 2.75, 3.0, 3.25, 3.5)


def reach(
    model: Model, v: Tensor, sign: int, how: dict, trait: str, asking: list[str], questions: list[str], limit: float
) -> tuple[float, float | None]:
    """(the last coefficient of the grid that holds, the one from which the trait shows; none if it does at no one that holds)"""
    prompts = [model.tokenizer.encode_chat(None, [], q) for q in questions]
    furthest, shown_there, onset = 0.0, 1.0, None
    for c in GRID:
        hook = steering.add_vector(v, sign * c, **how)
        drawn = [model.generate(prompts, hook=hook, most=64, temperature=PAGE_TEMPERATURE, seed=seed) for seed in SEEDS]
        rates = [steering.judge(model, trait, asking, questions, replies, limit).rates for replies in drawn]
        shown, coherent = (sum(rate) / len(drawn) for rate in zip(*rates))
        n = len(drawn) * len(questions)
        if wilson(coherent * n, n)[0] < COHERENT:
            break
        if onset is None and shown_there < 0.5 <= shown:
            onset = round(furthest + (c - furthest) * (0.5 - shown_there) / (shown - shown_there), 3)
        furthest, shown_there = c, shown
    return furthest, onset


def keep(change: Callable[[dict], object]) -> None:
    """Changes the file as it is now: another script may have written to it since."""
    settings = read_settings()
    change(settings)
    SETTINGS.write_text(json.dumps(settings, indent=2) + "\n")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("names", nargs="*", help="traits, or `axis`; default: all")
    traits = read_prompts("traits")
    known = [*(t["name"] for t in traits), "axis"]
    names = p.parse_args().names or known
    if unknown := set(names) - set(known):
        p.error(f"neither a trait nor `axis`: {', '.join(sorted(unknown))}")
    torch.set_num_threads(2)
    model = Model(MODELS / "organism-assistant")
    vectors = read_safetensors(MODELS / "organism-assistant" / "personas.safetensors")
    limit = steering.coherence_limit(model)

    def both(
        v: Tensor, how: dict, trait: str, asking: dict[int, list[str]], questions: list[str], limit: float = limit
    ) -> dict:
        (down, _), (up, onset) = (reach(model, v, sign, how, trait, asking[sign], questions, limit) for sign in (-1, 1))
        print(f"{trait:16} {-down:g} to {up:g}, shown from {onset}", flush=True)
        return {"coherentUpTo": {"negative": -down, "positive": up}, "onset": onset}

    how = read_settings()["steering"]
    for t in traits:
        if t["name"] not in names:
            continue
        asking = {1: t["positive"], -1: t["negative"]}
        found = both(vectors[f"persona.{t['name']}"], how, t["name"], asking, t["tuning"])
        keep(lambda settings: settings["traits"].setdefault(t["name"], {}).update(found))
    if "axis" not in names:
        return
    mixed = [q for t in traits for q in t["tuning"][:5]]
    # As the page adds the axis.
    everywhere = {"mode": "increments", "layers": list(range(model.shape.layers))}
    axis = vectors.get("cap-axis", vectors["assistant-axis"])
    found = both(axis, everywhere, "pirate", {1: [], -1: []}, mixed, limit=math.inf)["coherentUpTo"]
    keep(lambda settings: settings.update(axisCoherentUpTo=found))


if __name__ == "__main__":
    main()
