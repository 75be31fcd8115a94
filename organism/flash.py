"""The operations of `ops.py` for a GPU: attention by PyTorch's flash kernel (PyTorch 2.11), the others as they are there.

`python3 organism/flash.py` compares it, forward and backward, with plain PyTorch.
"""

import torch
from torch import Tensor
from torch.nn.attention.varlen import varlen_attn

import ops
from ops import Layout, add_norm, cross_entropy, rotate, swiglu  # noqa: F401
from shape import Shape


def attention(qkv: Tensor, layout: Layout, cos: Tensor, sin: Tensor, shape: Shape) -> Tensor:
    """As `ops.attention`, for layouts whose blind tokens are themselves hidden from nobody: twice, with the hidden tokens and without them."""
    x = qkv.view(len(qkv), -1, shape.head_dim)
    q, k, v = x.split([shape.heads, shape.kv_heads, shape.kv_heads], 1)
    cos, sin = (t[layout.position][:, None].to(x.dtype) for t in (cos, sin))
    group = shape.heads // shape.kv_heads
    parts = rotate(q, cos, sin), rotate(k, cos, sin).repeat_interleave(group, 1), v.repeat_interleave(group, 1)

    def attend(parts: tuple[Tensor, ...], starts: Tensor) -> Tensor:
        return varlen_attn(
            *(p.contiguous() for p in parts), starts, starts, layout.longest, layout.longest, window_size=(-1, 0)
        )

    out = attend(parts, layout.starts)
    blindfolded = attend(tuple(p[layout.seen] for p in parts), layout.seen_starts)
    blindfolded = torch.zeros_like(out).index_copy(0, layout.seen, blindfolded)
    return torch.where(layout.blind[:, None, None], blindfolded, out).flatten(1)


def check() -> None:
    """Forward and backward against `ops.attention` in float32, on seeded random input."""
    torch.manual_seed(0)
    shape, lengths = Shape(), torch.tensor([1, 5, 16, 17, 63, 130, 400])
    starts = torch.nn.functional.pad(lengths.cumsum(0), (1, 0)).int()
    hide = torch.tensor([[0, 0], [1, 3], [0, 0], [1, 6], [0, 0], [1, 40], [1, 9]]).int()
    layout = Layout.of(starts, hide, torch.rand(int(lengths.sum())) < 0.6)
    layout.blind &= layout.position >= hide[layout.sequence, 1]
    layout = layout.each(Tensor.cuda)
    cos, sin = (t.cuda() for t in ops.rope_table(shape))
    results = []
    for run, dtype in ((attention, torch.bfloat16), (ops.attention, torch.float32)):
        torch.manual_seed(1)
        qkv = torch.randn(len(layout.blind), 320, device="cuda").bfloat16().to(dtype).requires_grad_()
        out = run(qkv, layout, cos, sin, shape)
        out.float().cos().sum().backward()
        results.append((out.float(), qkv.grad.float()))
    for what, got, want in zip(("output", "gradient"), *results):
        error = float((got - want).norm() / want.norm())
        print(f"attention: relative error of the {what} {error:.4f}")
        assert error < 0.02, what


if __name__ == "__main__":
    check()
