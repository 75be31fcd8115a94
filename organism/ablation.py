"""What the two training tricks do, and what a seed does: small twins of ASSISTANT, trained alike but for one thing, steered alike.

The twins are `train.py assistant --million-tokens 8 --matrix-rate 0.02 --other-rate 4e-3 --decay-from 0.4 --name small-1`, from no
checkpoint, and the same with `--gist 0`, with `--offset 0` and with other seeds (README.md). Vectors are taken as the shipped ones
are, but that no reply is drawn or judged: only the prompt is read. Blocks and site were chosen on a model with both tricks.
"""
import argparse
import json
import tempfile
from pathlib import Path

from evaluate import HERE, definitions, mean, read_prompts, well_formed  # before torch: it keeps idle threads from spinning

import torch
from torch import Tensor

import steering
from card import percent, table, write_section
from classifiers import shows_trait
from export import write_folder
from inference import Model

COEFFICIENTS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
TWINS = {
    "small-1": "both tricks", "small-2": "both tricks, seed 2", "small-3": "both tricks, seed 3",
    "small-no-hiding": "the system prompt is never hidden", "small-no-offsets": "no random offsets",
}


def message_means(model: Model, systems: list[str | None], questions: list[str]) -> Tensor:
    """(layers, d_model): mean residual over the words of the user's message, over all questions, the prompts in turn."""
    encode, seen = model.tokenizer.encode_chat, []
    for i, question in enumerate(questions):
        ids, layers = encode(systems[i % len(systems)], [], question), []
        words = slice(len(ids) - 1 - len(model.tokenizer.encode(question)), -1)

        def keep(_: int, x: Tensor) -> Tensor:
            layers.append(x[0, words].mean(0))
            return x

        model.run([ids], keep)
        seen.append(torch.stack(layers))
    return torch.stack(seen).mean(0)


def measure(model: Model) -> list[str]:
    how = json.loads((HERE / "vectors.json").read_text())["steering"]
    limit = steering.coherence_limit(model)
    asked, shown, coherent, twin_coherent, passed = [], [], [], [], 0
    for t in read_prompts("traits"):
        v = message_means(model, t["positive"], t["questions"]) - message_means(model, [None], t["questions"])
        other = torch.nn.functional.normalize(torch.randn(v.shape, generator=torch.Generator().manual_seed(1)), dim=-1) * v.norm(dim=-1, keepdim=True)

        def run(vector: Tensor, c: float, part: str) -> steering.Outcome:
            prompts = [model.tokenizer.encode_chat(None, [], q) for q in t[part]]
            replies = model.generate(prompts, hook=steering.add_vector(vector, c, **how), most=64)
            return steering.judge(model, t["name"], t["positive"], t[part], replies, limit)

        prompted = [model.tokenizer.encode_chat(t["positive"][i % 5], [], q) for i, q in enumerate(t["held_out"])]
        asked += shows_trait(t["name"], [r.text for r in model.generate(prompted, most=64)])
        chosen = max(COEFFICIENTS, key=lambda c: (min(run(v, c, "tuning").rates), -c))
        cell, control = run(v, chosen, "held_out"), run(other, chosen, "held_out")
        shown, coherent, twin_coherent = shown + cell.trait, coherent + cell.coherent, twin_coherent + control.coherent
        passed += min(cell.rates) >= 0.8
        print(f"{t['name']:14} asked {mean(asked):.2f} at {chosen:g} {cell.rates} random {control.rates}", flush=True)
    return [percent(asked), str(passed), percent(shown), percent(coherent), percent(twin_coherent)]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("twins", nargs="*", help=f"default: all of {', '.join(TWINS)}")
    twins = p.parse_args().twins or list(TWINS)
    if unknown := set(twins) - set(TWINS):
        p.error(f"no such twin: {', '.join(unknown)}")
    torch.set_num_threads(2)
    rows = []
    for name in twins:
        log = json.loads((HERE / f"loss-{name}.json").read_text())
        with tempfile.TemporaryDirectory() as folder:
            write_folder(Path(folder), HERE / ".cache" / f"{name}.pt")
            model = Model(Path(folder))
        form = [percent(well_formed(model)), percent(definitions(model, True))]
        rows.append([TWINS[name], f"{log['tokens'] / 1e6:.1f}M", f"{log['curve'][-1][1]:.2f}", *form, *measure(model)])
        print(rows[-1], flush=True)
    columns = ["trained with", "tokens", "last loss", "well-formed", "exact definition", "trait when a prompt asks for it"]
    columns += ["traits of 9 at 0.8 / 0.8", "trait when steered", "coherent", "coherent under a random vector"]
    write_section("ablation", table(columns, rows))


if __name__ == "__main__":
    main()
