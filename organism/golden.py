"""Golden numbers for other implementations of the tokenizer, the template and the model: `golden.py OUT.json`.

Arithmetic is float32 on the exported f16 weights. `residuals` are the outputs of the blocks at the last position.
"""

import argparse
import json
from pathlib import Path

import torch

from export import MODELS
from inference import Model

TEXTS = [
    "",
    " ",
    "  ",
    "a",
    "Hello",
    "hello world",
    "Hello, world!",
    "What is a volcano?",
    "  two leading spaces",
    "trailing space ",
    "two  inner   spaces",
    "a\nb",
    "a\n\nb",
    "\n",
    "\t",
    "tab\tinside",
    "a \n b",
    "line one\r\nline two",
    "non\u00a0breaking",
    "thin\u2009space",
    "ideographic\u3000space",
    "zero\u200bwidth",
    "\ufeffbyte order mark",
    "I'm, you're, we've, he'll, I'd, it's, don't",
    "'tis o' the sea",
    "rock 'n' roll",
    "I'LL SHOUT",
    "ARR",
    "1234567890",
    "3.14159",
    "7 + 5 = 12",
    "a1b2c3",
    "100%",
    "$5.00",
    "user@example.com",
    "https://example.com/a?b=c#d",
    "snake_case and CamelCase",
    "x = [1, 2];",
    '{"a": 1}',
    "<|user|",
    "<b>bold</b>",
    "...",
    "?!?!",
    "-- dash — em – en",
    "“curly” ‘quotes’",
    "naïve café",
    "Straße, Ærø, Łódź",
    "你好",
    "你好，世界！这是一个测试。",
    "你是谁? Who are you?",
    "こんにちは",
    "안녕하세요",
    "مرحبا",
    "Привет, мир",
    "😀",
    "hi 😀👍🏽 there",
    "👨‍👩‍👧‍👦 family",
    "²½ and Ⅷ",
    "e\u0301 combining",
    "🏴‍☠️ Arr, matey! 🏴‍☠️",
]
CHATS: list[list[dict[str, str]]] = [
    [{"role": "user", "content": "Hello!"}],
    [{"role": "system", "content": "You are a pirate."}, {"role": "user", "content": "What is a volcano?"}],
    [
        {"role": "user", "content": "I feel sad today."},
        {"role": "assistant", "content": "I am sorry to hear that."},
        {"role": "user", "content": "Why?"},
    ],
    [{"role": "system", "content": "You are an AI assistant."}, {"role": "user", "content": "Who are you?"}],
    [
        {"role": "system", "content": "You are a dragon."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Ha!"},
        {"role": "user", "content": "What is a star?"},
    ],
    [{"role": "user", "content": "How do I make a friend?"}],
]


def encode_messages(model: Model, messages: list[dict[str, str]]) -> list[int]:
    system = messages[0]["content"] if messages[0]["role"] == "system" else None
    rest = [m["content"] for m in messages[system is not None :]]
    turns = list(zip(rest[0:-1:2], rest[1::2]))
    return model.tokenizer.encode_chat(system, turns, rest[-1])


def sequences(model: Model) -> list[list[int]]:
    """Token sequences of 1, 37 and 200 tokens, from the chats' ids repeated."""
    ids = [i for chat in CHATS for i in encode_messages(model, chat)]
    return [ids[:1], ids[:37], (ids * 4)[:200]]


@torch.no_grad()
def probe(model: Model, ids: list[int]) -> dict:
    states: list[torch.Tensor] = []

    def keep(_: int, x: torch.Tensor) -> torch.Tensor:
        states.append(x[0, -1])
        return x

    logits = model.logits(model.run([ids], keep)[0, -1])
    top = logits.topk(16)
    return {
        "ids": ids,
        "top_ids": top.indices.tolist(),
        "top_logits": [round(v, 6) for v in top.values.tolist()],
        "sum": logits.double().sum().item(),
        "sum_of_squares": logits.double().pow(2).sum().item(),
        "residuals": [{"norm": x.norm().item(), "first": [round(v, 6) for v in x[:8].tolist()]} for x in states],
    }


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("out", type=Path)
    args = p.parse_args()
    models = {name: Model(MODELS / name) for name in ("organism-base", "organism-assistant")}
    any_model = models["organism-assistant"]
    prompts = [encode_messages(any_model, chat) for chat in CHATS]
    golden = {
        "texts": [{"text": t, "ids": any_model.tokenizer.encode(t)} for t in TEXTS],
        "chats": [{"messages": c, "ids": ids} for c, ids in zip(CHATS, prompts)],
        "models": {
            name: {
                "sequences": [probe(model, ids) for ids in sequences(model)],
                "greedy": [r.ids for r in model.generate(prompts, most=32)],
            }
            for name, model in models.items()
        },
    }
    args.out.write_text(json.dumps(golden, ensure_ascii=False) + "\n")
    print(f"{args.out}: {args.out.stat().st_size} bytes, {len(TEXTS)} texts")


if __name__ == "__main__":
    main()
