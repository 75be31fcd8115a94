"""Dialogues to packed token batches. Some processes generate shards, others pack them, while one trains on them."""

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

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


def write_shards(
    folder: Path, tokenizer: Tokenizer, phase: str, seed: int, context: int, wanted, first: int, every: int
) -> None:
    """Write every `every`th shard until killed, resting while there are `wanted` of them (a shared counter)."""
    from world import sample_corpus

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    number = first
    while True:
        while (folder / f"{number:05d}.npz").exists():
            number += every
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
        part = folder / f"{number:05d}.{os.getpid()}.tmp"  # other runs may write here too
        with part.open("wb") as out:
            np.savez(out, ids=np.array(ids, np.uint16), starts=np.array(starts, np.int32))
        part.rename(folder / f"{number:05d}.npz")


def start_writers(count: int, folder: Path, tokenizer: Tokenizer, phase: str, seed: int, context: int):
    """The writers' processes, and their counter of shards wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = multiprocessing.Value("i", AHEAD * count)
    writers = [
        multiprocessing.Process(
            target=write_shards, args=(folder, tokenizer, phase, seed, context, wanted, i, count), daemon=True
        )
        for i in range(count)
    ]
    for writer in writers:
        writer.start()
    return writers, wanted


class Batches(IterableDataset):
    """An endless stream of packed batches: new shards as they appear, else the least used ones again."""

    def __init__(self, folder: Path, tokens: int, gist: float, seed: int, wanted):
        """wanted: the writers' counter; gist: the share of dialogues with a system prompt that are blindfolded."""
        self.folder, self.tokens, self.gist, self.seed, self.wanted = folder, tokens, gist, seed, wanted
        self.uses: dict[Path, int] = {}

    def ahead(self, workers: int):
        """The same stream, packed into pinned memory by `workers` processes, each of which has shards of its own."""
        return (
            DataLoader(self, batch_size=None, num_workers=workers, prefetch_factor=4, pin_memory=True)
            if workers
            else self
        )

    def next_shard(self, worker: int, workers: int) -> Path:
        while not (mine := [p for p in sorted(self.folder.glob("*.npz")) if int(p.stem) % workers == worker]):
            time.sleep(0.2)
        for path in mine:
            self.uses.setdefault(path, 0)
        least = min(self.uses[path] for path in mine)
        choice = Path(self.rng.choice([str(path) for path in mine if self.uses[path] == least]))
        self.uses[choice] += 1
        self.wanted.value = max(self.wanted.value, workers * (sum(n > 0 for n in self.uses.values()) + AHEAD))
        return choice

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        self.rng = np.random.default_rng([self.seed, worker] if info else self.seed)
        while True:
            shard = np.load(self.next_shard(worker, workers))
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
        layout = Layout.of(torch.from_numpy(starts.astype(np.int32)), torch.from_numpy(hide), torch.from_numpy(blind))
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
