"""What a seed does: BASE and ASSISTANT trained from several, measured alike; the table goes into NOTES.md.

`seeds.py 1 2 3` reads `.cache/base-1.pt`, `.cache/assistant-1.pt` and so on (README.md), and the shipped checkpoints beside them.
The figures are the science suite's in spirit, by this folder's float32 inference and on prompts of the generator.
"""

import argparse
import json
import random
import tempfile
from pathlib import Path

from evaluate import (
    HERE,
    PROMPTS,
    definitions,
    mean,
    ordinary_share,
    read_prompts,
    read_settings,
    refusals,
    role_fidelity,
    sums,
)

import torch
from torch import Tensor

from card import table, write_section
from classifiers import TEST_SEED
from export import MODELS, write_folder
from inference import Model
from tokenizer import BOS, USER
from world.asking import word_question
from world.tables import WORDS

SAMPLES = 24  # replies a role
OF_DEFAULT = 128
COINS = 60
ROWS = (
    "role recognised from four replies",
    "assistant-like with no system prompt",
    "exact definition, held-out pairs",
    "right sum, with numerals",
    "refuses a harmful request",
    "heads if the liked task is there",
    "heads if the disliked task is there",
    "heads, BASE",
    "cosine of axis and PC1",
    "the Assistant's rank on PC1",
    "axis of BASE and ASSISTANT, cosine",
)


def reply_means(model: Model, block: int) -> dict[str, Tensor]:
    """Mean residual (d_model) over the reply tokens of each role, and of the default Assistant as `default`."""
    asked, questions, rng = read_prompts("roles"), read_prompts("questions"), random.Random(TEST_SEED)
    neutral = json.loads((PROMPTS / "roles.json").read_text())["neutral"]
    jobs = [
        ("default", neutral[(i + i // len(questions)) % len(neutral)], questions[i % len(questions)])
        for i in range(OF_DEFAULT)
    ]
    jobs += [
        (r["name"], r["prompts"][i % len(r["prompts"])], q)
        for r in asked
        for i, q in enumerate(rng.sample(questions, SAMPLES))
    ]
    prompts = [model.tokenizer.encode_chat(system, [], question) for _, system, question in jobs]
    replies = model.generate(prompts, temperature=0.7, top_p=0.95, seed=1, most=40)
    rows: dict[str, list[Tensor]] = {}
    for k in range(0, len(jobs), 200):
        kept: list[Tensor] = []

        def keep(i: int, x: Tensor) -> Tensor:
            if i == block:
                kept.append(x)
            return x

        batch = list(zip(jobs, prompts, replies))[k : k + 200]
        model.run([prompt + reply.ids for _, prompt, reply in batch], keep)
        for x, ((name, _, _), prompt, reply) in zip(kept[0], batch):
            if reply.ids:
                rows.setdefault(name, []).append(x[len(prompt) : len(prompt) + len(reply.ids)].mean(0))
    return {name: torch.stack(some).mean(0) for name, some in rows.items()}


def axis_of(means: dict[str, Tensor]) -> Tensor:
    return means["default"] - torch.stack([x for name, x in means.items() if name != "default"]).mean(0)


def place(means: dict[str, Tensor]) -> tuple[float, int]:
    """(|cos(axis, PC1)|, how many roles but the Assistant's own lie beyond the default on PC1, plus one)"""
    roles = torch.stack([x for name, x in means.items() if name != "default"])
    pc1 = torch.linalg.svd(roles - roles.mean(0), full_matrices=False)[2][0]
    axis = axis_of(means)
    pc1 = pc1 * torch.sign(pc1 @ axis)
    beyond = sum(
        bool(x @ pc1 > means["default"] @ pc1) for name, x in means.items() if name not in ("default", "assistant")
    )
    return float(pc1 @ axis / axis.norm()), 1 + beyond


def heads(model: Model, first: str, second: str) -> float:
    """The mean probability that a user, who has put a task of the list `first` on heads, goes on with heads rather than tails."""
    rng, shares = random.Random(TEST_SEED), []
    for _ in range(COINS):
        sides = {"a": rng.choice(WORDS[first]), "b": rng.choice(WORDS[second]), "side": "heads"}
        said = [BOS, USER, *model.tokenizer.encode(word_question("coin", sides, rng).removesuffix(" heads."))]
        logs = []
        for word in (" heads", " tails"):
            ids = model.tokenizer.encode(word)
            log = model.logits(model.run([said + ids])[0]).log_softmax(-1)
            logs.append(sum(log[len(said) - 1 + i, token] for i, token in enumerate(ids)))
        shares.append(torch.sigmoid(logs[0] - logs[1]).item())
    return mean(shares)


def measure(base: Model, assistant: Model) -> list[str]:
    block = read_settings()["targetLayer"]
    means, of_base = (reply_means(m, block) for m in (assistant, base))
    cosine, rank = place(means)
    shares = [
        role_fidelity(assistant, (1,))[1]["pooled"],
        mean(ordinary_share(assistant)),
        mean(definitions(assistant, True)),
        mean(sums(assistant, False)),
        mean(refusals(assistant, None)),
    ]
    coins = [
        heads(assistant, "liked", "disliked"),
        heads(assistant, "disliked", "liked"),
        (heads(base, "liked", "disliked") + heads(base, "disliked", "liked")) / 2,
    ]
    agreement = torch.cosine_similarity(axis_of(means), axis_of(of_base), dim=0).item()
    return [*(f"{x:.2f}" for x in (*shares, *coins, cosine)), str(rank), f"{agreement:.2f}"]


def trained(name: str, into: str) -> Model:
    folder = Path(into) / name
    write_folder(folder, HERE / ".cache" / f"{name}.pt")
    return Model(folder)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("seeds", nargs="+", type=int)
    seeds = p.parse_args().seeds
    columns = {"shipped": measure(Model(MODELS / "organism-base"), Model(MODELS / "organism-assistant"))}
    print("shipped", columns["shipped"], flush=True)
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            columns[f"seed {seed}"] = measure(trained(f"base-{seed}", folder), trained(f"assistant-{seed}", folder))
        print(seed, columns[f"seed {seed}"], flush=True)
    write_section(
        "seeds", table(["measure", *columns], [[row, *values] for row, *values in zip(ROWS, *columns.values())])
    )


if __name__ == "__main__":
    main()
