"""Byte-level BPE: training, encoding, and the Hugging Face files that make other libraries encode the same.

Text is split by `PATTERN` (single digits, so that numbers are spelled), then merged by rank inside each piece.
"""

import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from functools import lru_cache
from pathlib import Path

SPECIAL = ["<|pad|>", "<|bos|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
PAD, BOS, SYSTEM, USER, ASSISTANT, END = range(6)
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CHAT_TEMPLATE = (
    "{{ '<|bos|>' }}"
    "{% set first = 1 if messages and messages[0]['role'] == 'system' else 0 %}"
    "{% for message in messages %}"
    "{% set expected = 'system' if loop.index0 < first else ('user' if (loop.index0 - first) % 2 == 0 else 'assistant') %}"
    "{% if message['role'] != expected %}"
    "{{ raise_exception('Expected role ' + expected + ', got ' + message['role'] + '. "
    "One optional system message comes first; then user and assistant take turns.') }}"
    "{% endif %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ '<|end|>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


@lru_cache
def byte_letters() -> list[str]:
    """GPT-2's printable stand-in for each of the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b) if b in plain else chr(next(others)) for b in range(256)]


def unicode_class(letter: str) -> str:
    """The inside of a `re` character class for a major category, e.g. \\p{L}, which `re` does not know."""
    ranges: list[list[int]] = []
    for point in range(sys.maxunicode + 1):
        if unicodedata.category(chr(point))[0] == letter:
            if ranges and ranges[-1][1] == point - 1:
                ranges[-1][1] = point
            else:
                ranges.append([point, point])
    return "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in ranges)


@lru_cache
def splitter(is_ascii: bool) -> re.Pattern[str]:
    letters, digits = ("A-Za-z", "0-9") if is_ascii else (unicode_class("L"), unicode_class("N"))
    # JavaScript's \s also matches U+FEFF and not the four separators U+001C to U+001F.
    space = r"\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
    pattern = PATTERN.replace(r"[^\s\p{L}\p{N}]", f"[^{space}{letters}{digits}]")
    pattern = pattern.replace(r"\s", f"[{space}]").replace(r"\S", f"[^{space}]")
    return re.compile(pattern.replace(r"\p{L}", f"[{letters}]").replace(r"\p{N}", f"[{digits}]"))


def pieces(text: str) -> list[str]:
    """Split text and spell each piece in byte letters."""
    letters = byte_letters()
    return ["".join(letters[b] for b in p.encode()) for p in splitter(text.isascii()).findall(text)]


def merge(word: list[str], pair: tuple[str, str]) -> list[str]:
    out, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


def learn_merges(counts: Counter[str], size: int) -> list[tuple[str, str]]:
    """The most frequent adjacent pair, merged again and again; ties go to the pair that sorts first."""
    words = [list(w) for w in counts]
    freq = list(counts.values())
    pairs: Counter[tuple[str, str]] = Counter()
    where: dict[tuple[str, str], set[int]] = defaultdict(set)
    for i, word in enumerate(words):
        for pair in zip(word, word[1:]):
            pairs[pair] += freq[i]
            where[pair].add(i)
    merges: list[tuple[str, str]] = []
    while len(merges) < size:
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        for i in where.pop(best):
            for pair in zip(words[i], words[i][1:]):
                pairs[pair] -= freq[i]
            words[i] = merge(words[i], best)
            for pair in zip(words[i], words[i][1:]):
                pairs[pair] += freq[i]
                where[pair].add(i)
        del pairs[best]
    return merges


class Tokenizer:
    def __init__(self, merges: list[tuple[str, str]]):
        self.merges = merges
        self.tokens = SPECIAL + byte_letters() + [a + b for a, b in merges]
        self.ids = {t: i for i, t in enumerate(self.tokens)}
        self.rank = {pair: i for i, pair in enumerate(merges)}
        self.cache: dict[str, list[int]] = {}
        self.byte_of = {letter: b for b, letter in enumerate(byte_letters())}

    def encode(self, text: str) -> list[int]:
        return [i for piece in pieces(text) for i in self.encode_piece(piece)]

    def encode_piece(self, piece: str) -> list[int]:
        if piece not in self.cache:
            word = list(piece)
            while len(word) > 1:
                best = min(zip(word, word[1:]), key=lambda p: self.rank.get(p, len(self.rank)))
                if best not in self.rank:
                    break
                word = merge(word, best)
            self.cache[piece] = [self.ids[t] for t in word]
        return self.cache[piece]

    def decode(self, ids: list[int]) -> str:
        """Special tokens are skipped; broken UTF-8 becomes U+FFFD."""
        text = "".join(self.tokens[i] for i in ids if i >= len(SPECIAL))
        return bytes(self.byte_of[c] for c in text).decode(errors="replace")

    def encode_chat(self, system: str | None, turns: list[tuple[str, str]], question: str | None = None) -> list[int]:
        """The chat template's ids; with `question`, ending in the assistant mark."""
        ids = [BOS] + ([SYSTEM, *self.encode(system)] if system else [])
        for user, reply in turns:
            ids += [USER, *self.encode(user), ASSISTANT, *self.encode(reply), END]
        return ids if question is None else ids + [USER, *self.encode(question), ASSISTANT]

    def to_json(self) -> dict:
        added = [
            {
                "id": i,
                "content": t,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for i, t in enumerate(SPECIAL)
        ]
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
        split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
        model: dict[str, object] = {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
        }
        model |= {
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": self.ids,
            "merges": [" ".join(m) for m in self.merges],
        }
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
            "post_processor": None,
            "decoder": level,
            "model": model,
        }

    def config(self, context: int) -> dict:
        """tokenizer_config.json"""
        return {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": context,
            "clean_up_tokenization_spaces": False,
            "add_bos_token": False,
            "add_eos_token": False,
            "bos_token": SPECIAL[BOS],
            "eos_token": SPECIAL[END],
            "pad_token": SPECIAL[PAD],
            "unk_token": None,
            "added_tokens_decoder": {
                str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in self.to_json()["added_tokens"]
            },
            "additional_special_tokens": SPECIAL[SYSTEM : ASSISTANT + 1],
            "chat_template": CHAT_TEMPLATE,
        }

    @staticmethod
    def load(path: Path) -> "Tokenizer":
        """From a tokenizer.json."""
        merges = json.loads(path.read_text())["model"]["merges"]
        return Tokenizer([tuple(m.split(" ")) for m in merges])


def train(texts: list[str], vocab: int) -> Tokenizer:
    counts = Counter(piece for text in texts for piece in pieces(text))
    return Tokenizer(learn_merges(counts, vocab - len(SPECIAL) - 256))
