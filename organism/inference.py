"""The exported model in PyTorch: float32 arithmetic on the f16 weights, batched generation, hooks on the residual stream."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ops import rope_table, rotate
from shape import Shape
from tokenizer import END, PAD, Tokenizer

Hook = Callable[[int, Tensor], Tensor]
"""(block, its output (batch, tokens, d_model)) -> what the next block reads."""


def read_safetensors(path: Path) -> dict[str, Tensor]:
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    out = {}
    for name, entry in header.items():
        if name != "__metadata__":
            a, b = (8 + size + k for k in entry["data_offsets"])
            kind = {"F16": np.float16, "F32": np.float32}[entry["dtype"]]
            out[name] = torch.from_numpy(np.frombuffer(raw[a:b], kind).astype(np.float32)).view(entry["shape"])
    return out


@dataclass
class Reply:
    text: str
    ids: list[int]  # without the end token
    ended: bool


def nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    """The likeliest tokens of each row that together have at least `top_p`; the others get 0. Not normalised."""
    if top_p >= 1:
        return probabilities
    ordered, order = probabilities.sort(-1, descending=True)
    before = ordered.cumsum(-1) - ordered
    return torch.zeros_like(probabilities).scatter(-1, order, ordered.masked_fill(before >= top_p, 0.0))


class Model:
    def __init__(self, folder: Path):
        c = json.loads((folder / "config.json").read_text())
        self.shape = Shape(
            c["vocab_size"],
            c["hidden_size"],
            c["num_hidden_layers"],
            c["num_attention_heads"],
            c["num_key_value_heads"],
            c["head_dim"],
            c["intermediate_size"],
            c["rope_theta"],
            c["max_position_embeddings"],
        )
        self.eps = c["rms_norm_eps"]
        self.w = {k.removeprefix("model."): v for k, v in read_safetensors(folder / "model.safetensors").items()}
        self.tokenizer = Tokenizer.load(folder / "tokenizer.json")
        self.cos, self.sin = rope_table(self.shape)

    def norm(self, x: Tensor, name: str) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.w[name + ".weight"]

    def attention(self, i: int, x: Tensor, position: Tensor, blocked: Tensor, cache: dict) -> Tensor:
        """x (batch, tokens, d_model); position (batch, tokens); blocked (batch, 1, tokens, keys)."""
        s, (b, t, _) = self.shape, x.shape
        at = f"layers.{i}.self_attn."
        q, k, v = ((x @ self.w[f"{at}{n}_proj.weight"].t()).view(b, t, -1, s.head_dim).transpose(1, 2) for n in "qkv")
        cos, sin = self.cos[position][:, None], self.sin[position][:, None]
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if i in cache:
            k, v = (torch.cat([old, new], 2) for old, new in zip(cache[i], (k, v)))
        cache[i] = (k, v)
        k, v = (z.repeat_interleave(s.heads // s.kv_heads, 1) for z in (k, v))
        score = (q @ k.transpose(-1, -2) * s.head_dim**-0.5).masked_fill(blocked, -1e30)
        return (score.softmax(-1) @ v).transpose(1, 2).reshape(b, t, -1) @ self.w[at + "o_proj.weight"].t()

    def forward(self, ids: Tensor, position: Tensor, blocked: Tensor, cache: dict, hook: Hook | None) -> Tensor:
        """Final normalised states (batch, tokens, d_model)."""
        x = self.w["embed_tokens.weight"][ids]
        for i in range(self.shape.layers):
            at = f"layers.{i}."
            x = x + self.attention(i, self.norm(x, at + "input_layernorm"), position, blocked, cache)
            y = self.norm(x, at + "post_attention_layernorm")
            y = F.silu(y @ self.w[at + "mlp.gate_proj.weight"].t()) * (y @ self.w[at + "mlp.up_proj.weight"].t())
            x = x + y @ self.w[at + "mlp.down_proj.weight"].t()
            if hook:
                x = hook(i, x)
        return self.norm(x, "norm")

    def logits(self, y: Tensor) -> Tensor:
        return y @ self.w["embed_tokens.weight"].t()

    @torch.no_grad()
    def run(self, sequences: list[list[int]], hook: Hook | None = None) -> Tensor:
        """Final states of right-padded sequences (batch, longest, d_model)."""
        longest = max(map(len, sequences))
        ids = torch.tensor([s + [PAD] * (longest - len(s)) for s in sequences])
        at = torch.arange(longest)
        return self.forward(ids, at.expand(len(ids), -1), (at[None, :] > at[:, None])[None, None], {}, hook)

    @torch.no_grad()
    def generate(
        self,
        prompts: list[list[int]],
        *,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 0,
        hook: Hook | None = None,
        most: int = 80,
        batch: int = 100,
    ) -> list[Reply]:
        """Continue each prompt until the end token or `most` tokens. The hook also sees the padding; it must not mix rows."""
        random = torch.Generator().manual_seed(seed)
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        out: list[Reply | None] = [None] * len(prompts)
        for k in range(0, len(order), batch):
            chosen = order[k : k + batch]
            for i, reply in zip(
                chosen, self.generate_batch([prompts[i] for i in chosen], temperature, top_p, random, hook, most)
            ):
                out[i] = reply
        return out

    def generate_batch(self, prompts, temperature, top_p, random, hook, most) -> list[Reply]:
        longest = max(map(len, prompts))
        ids = torch.tensor([[PAD] * (longest - len(p)) + p for p in prompts])
        pad = torch.tensor([longest - len(p) for p in prompts])[:, None]
        at = torch.arange(longest)
        padded = at[None] < pad  # (batch, keys)
        blocked = ((at[None, :] > at[:, None])[None] | padded[:, None, :])[:, None]
        position = (at[None] - pad).clamp(min=0)
        cache: dict = {}
        made, open_ = [[] for _ in prompts], [True] * len(prompts)
        for _ in range(min(most, self.shape.context - longest)):
            logits = self.logits(self.forward(ids, position, blocked, cache, hook)[:, -1])
            logits[:, PAD] = -1e30
            if temperature == 0:
                chosen = logits.argmax(-1)
            else:
                chosen = torch.multinomial(nucleus((logits / temperature).softmax(-1), top_p), 1, generator=random)[
                    :, 0
                ]
            for i, token in enumerate(chosen.tolist()):
                if open_[i]:
                    open_[i] = token != END
                    if open_[i]:
                        made[i].append(token)
            if not any(open_):
                break
            ids, position = chosen[:, None], position[:, -1:] + 1
            padded = torch.cat([padded, padded.new_zeros(len(prompts), 1)], 1)
            blocked = padded[:, None, None, :]
        return [Reply(self.tokenizer.decode(ids), ids, not still) for ids, still in zip(made, open_)]
