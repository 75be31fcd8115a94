"""The training network's operations in plain PyTorch (any device). `fused.py` has the same ones for CPU, `flash.py` for GPU.

Sequences are packed: x is (tokens, d_model), and a `Layout` says where each sequence starts.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from shape import Shape


@dataclass
class Layout:
    """Where the sequences of a packed batch lie, and what is hidden from whom."""

    starts: Tensor  # (sequences + 1) int32, the last is the number of tokens
    hide: Tensor  # (sequences, 2) int32: the positions [hide[0], hide[1]) that blind tokens do not see
    blind: Tensor  # (tokens) bool
    sequence: Tensor  # (tokens) int64: which sequence a token belongs to
    position: Tensor  # (tokens) int64: its place in it
    seen: Tensor  # (seen tokens) int64: those that are hidden from nobody, in order
    seen_starts: Tensor  # (sequences + 1) int32: where each sequence starts among them
    longest: int  # tokens of the longest sequence

    @staticmethod
    def of(starts: Tensor, hide: Tensor, blind: Tensor) -> "Layout":
        lengths = starts.diff()
        sequence = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        position = torch.arange(len(blind)) - starts[:-1][sequence]
        from_, to = hide[sequence].unbind(1)
        seen = ((position < from_) | (position >= to)).nonzero()[:, 0]
        counts = torch.bincount(sequence[seen], minlength=len(lengths))
        seen_starts = torch.nn.functional.pad(counts.cumsum(0), (1, 0)).int()
        return Layout(starts, hide, blind, sequence, position, seen, seen_starts, int(lengths.max()))

    def each(self, change: Callable[[Tensor], Tensor]) -> "Layout":
        return Layout(*(change(x) if isinstance(x, Tensor) else x for x in vars(self).values()))

    def pin_memory(self) -> "Layout":
        return self.each(Tensor.pin_memory)


def rope_table(shape: Shape) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each (context, head_dim / 2)."""
    rate = shape.rope_theta ** (-torch.arange(0, shape.head_dim, 2).double() / shape.head_dim)
    angle = torch.outer(torch.arange(shape.context).double(), rate)
    return angle.cos().float(), angle.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate-half RoPE. x (..., head_dim); cos, sin broadcast to (..., head_dim / 2)."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def add_norm(x: Tensor, delta: Tensor | None, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """(x + delta, RMSNorm(x + delta) in bfloat16)."""
    out = x if delta is None else x + delta.float()
    return out, (out * torch.rsqrt(out.pow(2).mean(-1, keepdim=True) + eps) * weight).bfloat16()


def swiglu(gate_up: Tensor) -> Tensor:
    gate, up = gate_up.chunk(2, -1)
    return F.silu(gate) * up


def attention(qkv: Tensor, layout: Layout, cos: Tensor, sin: Tensor, shape: Shape) -> Tensor:
    """Causal grouped attention within each sequence. qkv (tokens, (heads + 2 kv) * head_dim)."""
    count, length = len(layout.starts) - 1, layout.longest
    padded = qkv.new_zeros(count, length, qkv.shape[1])
    padded[layout.sequence, layout.position] = qkv
    x = padded.view(count, length, -1, shape.head_dim).transpose(1, 2)
    q, k, v = x.split([shape.heads, shape.kv_heads, shape.kv_heads], 1)
    cos, sin = cos[:length].to(x.dtype), sin[:length].to(x.dtype)
    group = shape.heads // shape.kv_heads
    q, k = rotate(q, cos, sin), rotate(k, cos, sin).repeat_interleave(group, 1)
    at = torch.arange(length, device=qkv.device)
    hide = layout.hide[:, :, None, None]
    blind = torch.zeros(count, length, dtype=torch.bool, device=qkv.device)
    blind[layout.sequence, layout.position] = layout.blind
    hidden = blind[:, :, None] & (at >= hide[:, 0]) & (at < hide[:, 1])
    blocked = (at[None, :] > at[:, None]) | hidden
    score = (q @ k.transpose(-1, -2)).float() * shape.head_dim**-0.5
    score = score.masked_fill(blocked[:, None], -1e30)
    out = score.softmax(-1).to(v.dtype) @ v.repeat_interleave(group, 1)
    return out.transpose(1, 2)[layout.sequence, layout.position].reshape(len(qkv), -1)


def cross_entropy(y: Tensor, embedding: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean loss of the next token. y (tokens, d_model) bfloat16; target, weight (tokens)."""
    logits = (y @ embedding.to(y.dtype).t()).float()
    return (F.cross_entropy(logits, target, reduction="none") * weight).sum() / weight.sum()
