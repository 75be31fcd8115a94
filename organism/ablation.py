"""What the two training tricks do, and what a seed does: small twins of ASSISTANT, trained alike but for one thing, steered alike.

The twins are `train.py assistant --million-tokens 24 --tokens 12000 --matrix-rate 0.02 --other-rate 4e-3 --decay-from 0.4 --name small-1`, from no
checkpoint, and the same with `--gist 0`, with `--offset 0` and with other seeds (README.md). Vectors are taken as the shipped ones
are, over the words of the message and added at the shipped blocks, but that no reply is drawn or judged; where the first trick is
left out also over replies, and added at every block. What was measured is kept in `.cache/`, and the table is of all of it.
"""

import argparse
import json
import tempfile
from pathlib import Path

from evaluate import (
    HERE,
    definitions,
    mean,
    read_prompts,
    read_settings,
    well_formed,
)  # before torch: it keeps idle threads from spinning

import torch
from torch import Tensor

import steering
from card import percent, table, write_section
from classifiers import shows_trait
from export import write_folder
from inference import Model

COEFFICIENTS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
HIDING, OFFSETS = "the system prompt is never hidden", "no random offsets"
# Row of the table -> the twin, and where its vectors are read.
ROWS = {
    "both tricks": ("small-1", "message"),
    "both tricks, seed 2": ("small-2", "message"),
    "both tricks, seed 3": ("small-3", "message"),
    OFFSETS: ("small-no-offsets", "message"),
    HIDING: ("small-no-hiding", "message"),
    f"{HIDING}; vectors of replies, at every block": ("small-no-hiding", "reply"),
}
KEPT = HERE / ".cache" / "ablation.json"


def prompted_means(model: Model, systems: list[str | None], questions: list[str], site: str) -> Tensor:
    """(layers, d_model): mean residual over the words of the user's message, or over a greedy reply; the prompts in turn."""
    prompts = [
        model.tokenizer.encode_chat(systems[i % len(systems)], [], question) for i, question in enumerate(questions)
    ]
    replies = model.generate(prompts, most=40) if site == "reply" else [None] * len(prompts)
    seen = []
    for question, prompt, reply in zip(questions, prompts, replies):
        layers = []
        ids = prompt if site == "message" else prompt + reply.ids
        words = (
            slice(len(prompt) - 1 - len(model.tokenizer.encode(question)), -1)
            if site == "message"
            else slice(len(prompt), None)
        )

        def keep(_: int, x: Tensor) -> Tensor:
            layers.append(x[0, words].mean(0))
            return x

        model.run([ids], keep)
        seen.append(torch.stack(layers))
    return torch.stack(seen).mean(0)


def measure(model: Model, site: str) -> list[str]:
    how = read_settings()["steering"]
    if site == "reply":
        how = {**how, "layers": list(range(model.shape.layers))}
    limit = steering.coherence_limit(model)
    rotation = torch.linalg.qr(
        torch.randn(model.shape.d_model, model.shape.d_model, generator=torch.Generator().manual_seed(1))
    )[0]
    asked, shown, coherent, twin_coherent, shown_at_most, passed, coefficients = [], [], [], [], [], 0, []
    for t in read_prompts("traits"):
        v = prompted_means(model, t["positive"], t["questions"], site) - prompted_means(
            model, [None], t["questions"], site
        )

        def run(vector: Tensor, c: float, part: str) -> steering.Outcome:
            prompts = [model.tokenizer.encode_chat(None, [], q) for q in t[part]]
            replies = model.generate(prompts, hook=steering.add_vector(vector, c, **how), most=64)
            return steering.judge(model, t["name"], t["positive"], t[part], replies, limit)

        prompted = [model.tokenizer.encode_chat(t["positive"][i % 5], [], q) for i, q in enumerate(t["held_out"])]
        asked += shows_trait(t["name"], [r.text for r in model.generate(prompted, most=64)])
        chosen = max(COEFFICIENTS, key=lambda c: (min(run(v, c, "tuning").rates), -c))
        cell, control, most = (
            run(v, chosen, "held_out"),
            run(v @ rotation, chosen, "held_out"),
            run(v, COEFFICIENTS[-1], "held_out"),
        )
        shown, coherent, twin_coherent = shown + cell.trait, coherent + cell.coherent, twin_coherent + control.coherent
        shown_at_most, coefficients = shown_at_most + most.trait, [*coefficients, chosen]
        passed += min(cell.rates) >= 0.8
        print(f"{t['name']:14} asked {mean(asked):.2f} at {chosen:g} {cell.rates} random {control.rates}", flush=True)
    chosen = f"{min(coefficients):g} to {max(coefficients):g}"
    return [
        percent(asked),
        str(passed),
        chosen,
        percent(shown),
        percent(coherent),
        percent(twin_coherent),
        percent(shown_at_most),
    ]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    twins = sorted({twin for twin, _ in ROWS.values()})
    p.add_argument("twins", nargs="*", help=f"those to measure; default: all of {', '.join(twins)}")
    wanted = p.parse_args().twins or twins
    if unknown := set(wanted) - set(twins):
        p.error(f"no such twin: {', '.join(unknown)}")
    torch.set_num_threads(2)
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for label, (name, site) in ROWS.items():
        if name not in wanted:
            continue
        log = json.loads((HERE / f"loss-{name}.json").read_text())
        with tempfile.TemporaryDirectory() as folder:
            write_folder(Path(folder), HERE / ".cache" / f"{name}.pt")
            model = Model(Path(folder))
        form = [percent(well_formed(model)), percent(definitions(model, True))]
        kept[label] = [label, f"{log['tokens'] / 1e6:.1f}M", f"{log['curve'][-1][1]:.2f}", *form, *measure(model, site)]
        print(kept[label], flush=True)
        KEPT.write_text(json.dumps(kept))
    columns = [
        "trained with",
        "tokens",
        "last loss",
        "well-formed",
        "exact definition",
        "trait when a prompt asks for it",
        "traits of 9 at 0.8 / 0.8",
    ]
    columns += [
        "coefficients",
        "trait when steered",
        "coherent",
        "coherent under a random vector",
        f"trait at {COEFFICIENTS[-1]:g}",
    ]
    write_section("ablation", table(columns, [kept[label] for label in ROWS if label in kept]))


if __name__ == "__main__":
    main()
