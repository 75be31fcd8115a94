"""Dialogues to packed token batches. One process generates shards while another trains on them."""
import multiprocessing
import random
import signal
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ops import Layout
from tokenizer import ASSISTANT, BOS, END, SYSTEM, USER, Tokenizer

SHARD_TOKENS = 400_000
AHEAD = 4  # shards generated before they are needed
PROMPT_WEIGHT = 0.2  # what a prompt token counts beside a reply token
MUTE = 0x8000  # marks a token that nothing is to be learned from predicting


def encode(tokenizer: Tokenizer, dialogue, context: int) -> list[int]:
    """Ids of a dialogue, cut before the turn that would pass the context; those of stray replies are marked with `MUTE`."""
    ids = [BOS] + ([SYSTEM, *tokenizer.encode(dialogue.system)] if dialogue.system else [])
    for turn in dialogue.turns:
        reply = [*tokenizer.encode(turn.reply), END]
        more = [USER, *tokenizer.encode(turn.user), ASSISTANT, *([i | MUTE for i in reply] if turn.stray else reply)]
        if len(ids) + len(more) > context:
            break
        ids += more
    return ids


def train_tokenizer(seed: int, vocab: int, dialogues: int) -> Tokenizer:
    import tokenizer
    from world import sample_corpus

    rng = random.Random(seed)
    drawn = [sample_corpus(rng, rng.choice(["base", "assistant"])) for _ in range(dialogues)]
    texts = [t for d in drawn for t in [d.system or "", *(x for turn in d.turns for x in (turn.user, turn.reply))]]
    return tokenizer.train(texts, vocab)


def write_shards(folder: Path, tokenizer: Tokenizer, phase: str, seed: int, context: int, wanted) -> None:
    """Write shards until killed, resting while there are `wanted` of them (a shared counter)."""
    from world import sample_corpus

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    number = len(list(folder.glob("*.npz")))
    while True:
        while number >= wanted.value:
            time.sleep(0.2)
        rng = random.Random(f"{phase} {seed} {number}")
        ids: list[int] = []
        starts = [0]
        while len(ids) < SHARD_TOKENS:
            sequence = encode(tokenizer, sample_corpus(rng, phase), context)
            if len(sequence) > 4:
                ids += sequence
                starts.append(len(ids))
        part = folder / "part.tmp"
        with part.open("wb") as out:
            np.savez(out, ids=np.array(ids, np.uint16), starts=np.array(starts, np.int32))
        part.rename(folder / f"{number:05d}.npz")
        number += 1


def start_writer(folder: Path, tokenizer: Tokenizer, phase: str, seed: int, context: int):
    """The writer's process, and the counter of shards wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = multiprocessing.Value("i", AHEAD)
    arguments = (folder, tokenizer, phase, seed, context, wanted)
    process = multiprocessing.Process(target=write_shards, args=arguments, daemon=True)
    process.start()
    return process, wanted


class Batches:
    """An endless stream of packed batches: new shards as they appear, else the least used ones again."""

    def __init__(self, folder: Path, tokens: int, gist: float, seed: int, wanted):
        """wanted: the writer's counter; gist: the share of dialogues with a system prompt that are blindfolded."""
        self.folder, self.tokens, self.gist = folder, tokens, gist
        self.rng = np.random.default_rng(seed)
        self.uses: dict[Path, int] = {}
        self.wanted = wanted

    def next_shard(self) -> Path:
        for path in sorted(self.folder.glob("*.npz")):
            self.uses.setdefault(path, 0)
        least = min(self.uses.values())
        choice = self.rng.choice(sorted(str(p) for p, n in self.uses.items() if n == least))
        self.uses[Path(choice)] += 1
        self.wanted.value = sum(n > 0 for n in self.uses.values()) + AHEAD
        return Path(choice)

    def __iter__(self):
        while True:
            shard = np.load(self.next_shard())
            ids, starts = shard["ids"].astype(np.int64), shard["starts"]
            order = self.rng.permutation(len(starts) - 1)
            chosen, count = [], 0
            for i in order:
                chosen.append(ids[starts[i] : starts[i + 1]])
                count += len(chosen[-1])
                if count >= self.tokens:
                    yield self.pack(chosen)
                    chosen, count = [], 0

    def pack(self, sequences: list[NDArray]) -> tuple[Tensor, Tensor, Tensor, Layout]:
        """(tokens, targets, weights, layout); the last token of a sequence has nothing to predict."""
        lengths = np.array([len(s) for s in sequences])
        starts = np.concatenate([[0], lengths.cumsum()])
        marked = np.concatenate(sequences)
        ids = marked & ~MUTE
        sequences = np.split(ids, starts[1:-1])
        mark = np.where(ids == ASSISTANT, 1, np.where((ids == USER) | (ids == BOS), -1, 0))
        last = np.maximum.accumulate(np.where(mark != 0, np.arange(len(ids)), 0))
        in_reply = mark[last] == 1  # from the assistant mark to the end token: these predict reply tokens
        weight = np.where(in_reply & (ids != END), 1.0, PROMPT_WEIGHT).astype(np.float32)
        weight[np.roll(marked & MUTE != 0, -1)] = 0
        weight[starts[1:] - 1] = 0
        hide, blind = self.blindfold(sequences)
        layout = Layout(
            torch.from_numpy(starts.astype(np.int32)), torch.from_numpy(hide), torch.from_numpy(blind),
            torch.from_numpy(np.repeat(np.arange(len(lengths)), lengths)),
            torch.from_numpy(np.arange(len(ids)) - np.repeat(starts[:-1], lengths)),
        )
        return torch.from_numpy(ids), torch.from_numpy(np.roll(ids, -1)), torch.from_numpy(weight), layout

    def blindfold(self, sequences: list[NDArray]) -> tuple[NDArray, NDArray]:
        """Hide the system prompt from the first user mark, from a random part of that turn's words, and from all that follows.

        The rest must then take the persona from the residual stream of the words that can see, whichever these are.
        """
        hide, blind = np.zeros((len(sequences), 2), np.int32), []
        for row, s in zip(hide, sequences):
            blind.append(np.zeros(len(s), bool))
            if s[1] == SYSTEM and self.rng.random() < self.gist:
                user, mark = np.argmax(s == USER), np.argmax(s == ASSISTANT)
                row[:] = 1, user
                blind[-1][user] = True
                blind[-1][user + 1 : mark] = self.rng.random(mark - user - 1) < self.rng.random()
                blind[-1][self.rng.integers(user + 1, mark)] = False
                blind[-1][mark:] = True
        return hide, np.concatenate(blind)
