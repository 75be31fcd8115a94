"""Additions to the residual stream, and replies under them judged: whether they show a trait and are coherent."""

import random
from dataclasses import dataclass

import torch
from torch import Tensor

from classifiers import TEST_SEED, is_well_formed, shows_trait
from inference import Hook, Model, Reply
from world import sample


def add_vector(v: Tensor, coefficient: float, layers: list[int], mode: str = "increments") -> Hook:
    """h[l] += c v[l] on the layers (`direct`), or c (v[l] - v[the layer before it in the list]), which sums to c v."""
    last = dict(zip(layers, [None, *layers]))

    def hook(i: int, x: Tensor) -> Tensor:
        if i not in last:
            return x
        before = last[i] if mode == "increments" else None
        return x + coefficient * (v[i] if before is None else v[i] - v[before])

    return hook


@torch.no_grad()
def reply_nll(model: Model, prompts: list[list[int]], replies: list[list[int]]) -> Tensor:
    """Mean negative log-likelihood a token of each reply, unsteered."""
    out = []
    for k in range(0, len(prompts), 100):
        pairs = list(zip(prompts[k : k + 100], replies[k : k + 100]))
        whole = [p + r for p, r in pairs]
        lp = model.logits(model.run(whole)).log_softmax(-1)
        for row, (p, r) in zip(lp, pairs):
            at = torch.arange(len(p) - 1, len(p) + len(r) - 1)
            out.append(-row[at, torch.tensor(r, dtype=torch.long)].mean() if r else torch.tensor(99.0))
    return torch.stack(out)


def coherence_limit(model: Model, count: int = 1000) -> float:
    """The 99.5th percentile of nats a token over real replies of roles and modes under their own system prompts."""
    rng = random.Random(TEST_SEED)
    drawn = [sample(rng, "assistant", kind=rng.choice(["role", "mode"]), n_turns=1) for _ in range(count)]
    encode = model.tokenizer.encode
    prompts = [model.tokenizer.encode_chat(d.system, [], d.turns[0].user) for d in drawn]
    return reply_nll(model, prompts, [encode(d.turns[0].reply) for d in drawn]).quantile(0.995).item()


@dataclass
class Outcome:
    trait: list[bool]
    coherent: list[bool]
    texts: list[str]

    @property
    def rates(self) -> tuple[float, float]:
        n = len(self.texts)
        return sum(self.trait) / n, sum(self.coherent) / n


def judge(
    model: Model, trait: str, asking: list[str], questions: list[str], replies: list[Reply], limit: float
) -> Outcome:
    """Coherent: well formed, and no more surprising than `limit` to the unsteered model, under no prompt or one of those `asking`."""
    left = list(range(len(replies)))  # those that surprise it under every prompt so far
    for system in [None, *asking]:
        prompts = [model.tokenizer.encode_chat(system, [], questions[i]) for i in left]
        nll = reply_nll(model, prompts, [replies[i].ids for i in left])
        left = [i for i, x in zip(left, nll.tolist()) if x >= limit]
        if not left:
            break
    formed = [is_well_formed(r.text, r.ended, q) for r, q in zip(replies, questions)]
    texts = [r.text for r in replies]
    return Outcome(shows_trait(trait, texts), [f and i not in left for i, f in enumerate(formed)], texts)
