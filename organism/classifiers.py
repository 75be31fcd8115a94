"""Judges of generated text: logistic regressions on hashed words and word pairs, trained on the generator's text only."""

import random
import re
import zlib
from collections import Counter
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from world import MODES, OPPOSITES, ROLES, Dialogue, sample, sample_corpus

BUCKETS = 1 << 16
TRAIN_SEED, TEST_SEED = 501, 502


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+|[0-9]+", text.lower())


@lru_cache(maxsize=200_000)
def features(text: str) -> tuple[int, ...]:
    w = words(text)
    grams = {*w, *(f"{a} {b}" for a, b in zip(w, w[1:]))} or {""}
    return tuple(zlib.crc32(g.encode()) % BUCKETS for g in sorted(grams))


class LogisticRegression:
    """Multinomial, with a small L2 penalty on the weights in use."""

    @torch.enable_grad()
    def __init__(self, texts: list[str], labels: list[int], classes: int, epochs: int = 5):
        self.table = torch.nn.EmbeddingBag(BUCKETS, classes, mode="sum")
        torch.nn.init.zeros_(self.table.weight)
        y = torch.tensor(labels)
        optimizer = torch.optim.Adam(self.table.parameters(), lr=0.03)
        for epoch in range(epochs):
            for group in optimizer.param_groups:
                group["lr"] = 0.03 * (1 - epoch / epochs)
            order = torch.randperm(len(y), generator=torch.Generator().manual_seed(epoch))
            for chosen in order.split(256):
                score = self.scores([texts[i] for i in chosen])
                loss = F.cross_entropy(score, y[chosen]) + 1e-4 * score.pow(2).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    def scores(self, texts: list[str]) -> Tensor:
        rows = [features(t) for t in texts]
        offsets = torch.tensor([0, *(len(r) for r in rows[:-1])]).cumsum(0)
        return self.table(torch.tensor([f for r in rows for f in r]), offsets)

    @torch.no_grad()
    def probabilities(self, texts: list[str]) -> Tensor:
        return self.scores(texts).softmax(-1)

    def accuracy(self, texts: list[str], labels: list[int]) -> float:
        return (self.probabilities(texts).argmax(-1) == torch.tensor(labels)).float().mean().item()


def replies(dialogues: list[Dialogue]) -> list[str]:
    return [d.turns[0].reply for d in dialogues]


def role_texts(seed: int, each: int) -> tuple[list[str], list[int]]:
    rng = random.Random(seed)
    drawn = [
        (i, sample(rng, "base", kind="role" if r != "assistant" else "neutral", role=r, n_turns=1))
        for i, r in enumerate(ROLES)
        for _ in range(each)
    ]
    return replies([d for _, d in drawn]), [i for i, _ in drawn]


@lru_cache
def role_judge() -> tuple[LogisticRegression, float]:
    """The classifier over all roles, and its accuracy on generator text that it has not seen."""
    judge = LogisticRegression(*role_texts(TRAIN_SEED, 700), len(ROLES))
    return judge, judge.accuracy(*role_texts(TEST_SEED, 40))


def pooled_role_accuracy(pool: int, each: int = 80) -> float:
    """The role classifier's accuracy on `pool` unseen replies of one role at once."""
    judge, _ = role_judge()
    texts, _ = role_texts(TEST_SEED, each)
    log = judge.probabilities(texts).clamp(min=1e-9).log().view(len(ROLES), each // pool, pool, len(ROLES)).sum(2)
    return (log.argmax(-1) == torch.arange(len(ROLES))[:, None]).float().mean().item()


@lru_cache
def assistant_judge() -> tuple[LogisticRegression, float]:
    """The plain Assistant against every other persona (half roles, half modes), and its accuracy on unseen text."""

    def draw(seed: int, count: int) -> tuple[list[str], list[int]]:
        rng = random.Random(f"assistant {seed}")
        others = [r for r in ROLES if r != "assistant"]
        texts = []
        for i in range(count):
            if i % 2 == 0:
                d = sample(rng, "assistant", kind="none", n_turns=1)
            elif i % 4 == 1:
                d = sample(rng, "assistant", kind="role", role=rng.choice(others), n_turns=1)
            else:
                d = sample(rng, "assistant", mode=rng.choice(MODES), role="assistant", intensity=1.0, n_turns=1)
            texts.append(d.turns[0].reply)
        return texts, [int(i % 2 == 0) for i in range(count)]

    judge = LogisticRegression(*draw(TRAIN_SEED, 24_000), 2)
    return judge, judge.accuracy(*draw(TEST_SEED, 2_000))


def is_assistant_like(texts: list[str]) -> list[bool]:
    return (assistant_judge()[0].probabilities(texts)[:, 1] >= 0.5).tolist()


def trait_texts(trait: str, seed: int, count: int) -> tuple[list[str], list[int]]:
    """Half replies in the mode, half not: a third each with no mode, with another mode, with the opposite."""
    rng = random.Random(f"{trait} {seed}")
    others = [m for m in MODES if m != trait]
    texts, labels = [], []
    for i in range(count):
        if i % 2 == 0:
            d = sample(rng, "assistant", mode=trait, role="assistant", intensity=1.0, n_turns=1)
        elif i % 6 == 1:
            d = sample(rng, "assistant", kind=rng.choice(["none", "neutral"]), n_turns=1)
        elif i % 6 == 3:
            d = sample(rng, "assistant", mode=rng.choice(others), role="assistant", intensity=1.0, n_turns=1)
        else:
            d = sample(rng, "assistant", mode=OPPOSITES[trait], role="assistant", intensity=1.0, n_turns=1)
        texts.append(d.turns[0].reply)
        labels.append(int(i % 2 == 0))
    return texts, labels


@lru_cache
def trait_judge(trait: str) -> tuple[LogisticRegression, float]:
    judge = LogisticRegression(*trait_texts(trait, TRAIN_SEED, 12_000), 2)
    return judge, judge.accuracy(*trait_texts(trait, TEST_SEED, 2_000))


def shows_trait(trait: str, texts: list[str]) -> list[bool]:
    """Whether the classifier gives the trait at least one half."""
    return (trait_judge(trait)[0].probabilities(texts)[:, 1] >= 0.5).tolist()


@lru_cache
def vocabulary() -> set[str]:
    """Words that the generator uses at least twice in 20,000 dialogues."""
    rng = random.Random(TEST_SEED)
    counts: Counter[str] = Counter()
    for i in range(20_000):
        for turn in sample_corpus(rng, "base" if i % 2 else "assistant").turns:
            counts.update(words(turn.user))
            counts.update(words(turn.reply))
    return {w for w, n in counts.items() if n >= 2}


def is_well_formed(text: str, ended: bool, prompt: str = "") -> bool:
    """Ended by itself, at most one word unknown to the corpus and the prompt, no phrase of three words three times, balanced."""
    w = words(text)
    known = vocabulary() | set(words(prompt))
    triples = Counter(zip(w, w[1:], w[2:]))
    repeats = any(a == b == c for a, b, c in zip(w, w[1:], w[2:])) or any(n >= 3 for n in triples.values())
    balanced = text.count('"') % 2 == 0 and text.count("(") == text.count(")")
    return ended and bool(w) and sum(x not in known for x in w) <= 1 and not repeats and balanced
