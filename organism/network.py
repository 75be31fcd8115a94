"""The organism as a training network: packed sequences, fused projections, bfloat16 products, float32 weights."""

import math

import torch
from torch import Tensor, nn

import ops
from ops import Layout
from shape import Shape


def operations(device: str):
    """The fused kernels on a CPU with a compiler, plain PyTorch with flash attention on a GPU."""
    if device != "cpu":
        import flash

        return flash
    import fused

    fused.library()
    return fused


class Block(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        d, attn = shape.d_model, shape.heads * shape.head_dim
        self.norm1 = nn.Parameter(torch.ones(d))
        self.norm2 = nn.Parameter(torch.ones(d))
        self.qkv = nn.Parameter(torch.randn(attn + 2 * shape.kv_heads * shape.head_dim, d) * 0.6 / math.sqrt(d))
        self.o = nn.Parameter(torch.zeros(d, attn))
        self.gate_up = nn.Parameter(torch.randn(2 * shape.d_mlp, d) * 0.6 / math.sqrt(d))
        self.down = nn.Parameter(torch.zeros(d, shape.d_mlp))


class Network(nn.Module):
    """Parameters and the training forward pass; `inference.py` runs exported weights."""

    def __init__(self, shape: Shape, device: str = "cpu"):
        super().__init__()
        self.shape, self.ops = shape, operations(device)
        self.embedding = nn.Parameter(torch.randn(shape.vocab, shape.d_model) * 0.05)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.d_model))
        self.cos, self.sin = (t.to(device) for t in ops.rope_table(shape))
        self.to(device)

    def forward(self, tokens: Tensor, layout: Layout, offset: tuple[int, Tensor] | None = None) -> Tensor:
        """Final normalised states (tokens, d_model), bfloat16.

        offset: (block, (sequences, d_model)): added to that block's output, in units of the mean residual norm.
        """
        run, eps = self.ops, self.shape.eps
        x, delta = self.embedding[tokens], None
        for i, block in enumerate(self.blocks):
            x, y = run.add_norm(x, delta, block.norm1, eps)
            delta = run.attention(y @ block.qkv.bfloat16().t(), layout, self.cos, self.sin, self.shape)
            delta = delta @ block.o.bfloat16().t()
            x, y = run.add_norm(x, delta, block.norm2, eps)
            delta = run.swiglu(y @ block.gate_up.bfloat16().t()) @ block.down.bfloat16().t()
            if offset is not None and offset[0] == i:
                scale = x.detach().norm(dim=-1).mean()
                delta = delta + (offset[1] * scale).bfloat16()[layout.sequence]
        return run.add_norm(x, delta, self.norm, eps)[1]

    def loss(self, tokens: Tensor, target: Tensor, weight: Tensor, layout: Layout, offset=None) -> Tensor:
        return self.ops.cross_entropy(self(tokens, layout, offset), self.embedding, target, weight)
