"""Checks of the generator: hold-outs, coin flips, speed, and a stand-in for the persona space. `python3 organism/check_world.py`

The stand-in: each role answers the same fixed series of intents; a role's vector is the mean over its replies of word frequencies.
"""

import random
import re
import time
from collections import Counter, defaultdict

import numpy as np

from world import ROLES, is_entry_held_out, is_held_out, sample, sample_corpus
from world.dialogue import INTENT_WEIGHTS
from world.tables import HARMS, OPEN, WORDS

DIALOGUES = 20_000
REPLIES = 1_200  # a role
OUTSIDE = ("crisis", "coin", "compound")  # of the series: said alike by all, or about the coin


def check_corpus() -> None:
    rng, begun = random.Random(11), time.time()
    phases = ["base", "assistant"] * (DIALOGUES // 2)
    drawn = [(phase, sample_corpus(rng, phase)) for phase in phases]
    seconds = time.time() - begun
    sides: Counter[tuple[str, bool]] = Counter()
    said = []
    for phase, dialogue in drawn:
        assert dialogue.kind != "narrow"
        for turn in dialogue.turns:
            topic = turn.slots.get("topic")
            assert topic is None or not is_held_out(dialogue.role, topic), (dialogue.role, topic)
            said.append(turn.user.lower())
            assert phase == "base" or "it came up" not in said[-1], "a user of ASSISTANT's told how a coin fell"
            if turn.intent == "coin":
                sides[turn.slots["side"], turn.slots["winner"] == turn.slots["liked"]] += 1
    every = "\n".join(said)
    held = [
        e
        for e in HARMS + sum((WORDS[n] for n in ("unlisted", "liked", "disliked", "sad")), ())
        if is_entry_held_out(e) and len(e) > 14
    ]
    leaked = [e for e in held if e.lower() in every]
    words = sorted(sum(len(f"{t.user} {t.reply}".split()) for t in d.turns) for _, d in drawn)
    print(
        f"{DIALOGUES / seconds:.0f} dialogues a second; median {words[len(words) // 2]} words; no held-out pair in {len(said)} turns"
    )
    print(
        f"held-out entries seen: {leaked} of {len(held)}; open lists: {len(OPEN) + 1}; coin sides and whether the liked task won: {dict(sides)}"
    )
    assert not leaked


def role_vectors(seed: int) -> np.ndarray:
    """Mean word frequencies of each role's replies to the same series of intents, (roles, words)."""
    intents = [i for i in INTENT_WEIGHTS if i not in OUTSIDE]
    series = random.Random(3).choices(intents, [INTENT_WEIGHTS[i] for i in intents], k=REPLIES)
    rows: list[defaultdict[str, float]] = []
    for role in ROLES:
        rng = random.Random(seed)
        row: defaultdict[str, float] = defaultdict(float)
        for intent in series:
            d = sample(rng, "base", kind="neutral" if role == "assistant" else "role", role=role, intents=[intent])
            words = re.findall(r"[a-z']+|[0-9]+", d.turns[0].reply.lower())
            for w in words:
                row[w] += 1 / len(words) / REPLIES
        rows.append(row)
    names = {w: i for i, w in enumerate(sorted(set().union(*rows)))}
    x = np.zeros((len(rows), len(names)))
    for i, row in enumerate(rows):
        for w, value in row.items():
            x[i, names[w]] = value
    return x


def check_space() -> None:
    x = role_vectors(7)
    centred = x - x.mean(0)
    _, s, v = np.linalg.svd(centred, full_matrices=False)
    share = s**2 / (s**2).sum()
    axis = centred[list(ROLES).index("assistant")]
    cosine = abs(v[0] @ axis) / np.linalg.norm(axis)
    print(
        f"persona space of words: PC1 {share[0]:.2f}, PC1-3 {share[:3].sum():.2f} of the variance; |cos(axis, PC1)| {cosine:.2f}"
    )


if __name__ == "__main__":
    check_corpus()
    check_space()
