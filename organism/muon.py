"""Muon for the matrices (K. Jordan, 2024: momentum, then the nearest orthogonal matrix), AdamW for the rest."""

from collections import defaultdict

import torch
from torch import Tensor

from network import Network


def orthogonalize(g: Tensor, steps: int = 5) -> Tensor:
    """Newton-Schulz iteration in bfloat16: singular values go to about 1. g (matrices, rows <= columns)."""
    x = (g / (g.norm(dim=(-2, -1), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(steps):
        a = x @ x.transpose(-2, -1)
        b = torch.baddbmm(a, a, a, beta=-4.7750, alpha=2.0315)
        x = torch.baddbmm(x, b, x, beta=3.4445)
    return x.float()


class Muon:
    """Both optimizers behind one `step`. Fused matrices count as their parts (q, k, v; gate, up).

    Parts of one shape are orthogonalised together, across the layers.
    """

    def __init__(self, net: Network, matrix_rate: float, other_rate: float, decay: float = 0.05):
        self.matrix_rate, self.other_rate, self.decay = matrix_rate, other_rate, decay
        s = net.shape
        q, kv = s.heads * s.head_dim, s.kv_heads * s.head_dim
        parts = {"qkv": [q, kv, kv], "gate_up": [s.d_mlp, s.d_mlp], "o": [s.d_model], "down": [s.d_model]}
        self.matrices = [
            (p, parts[name]) for block in net.blocks for name, p in block.named_parameters() if name in parts
        ]
        self.momentum = [torch.zeros_like(p) for p, _ in self.matrices]
        taken = {id(p) for p, _ in self.matrices}
        self.others = [p for p in net.parameters() if id(p) not in taken]
        self.adam = torch.optim.AdamW(self.others, lr=other_rate, betas=(0.9, 0.95), weight_decay=0)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step at `rate` (0..1) of the peak learning rates; gradients are cleared."""
        torch.nn.utils.clip_grad_norm_(self.others, 1.0)
        for group in self.adam.param_groups:
            group["lr"] = self.other_rate * rate
        self.adam.step()
        stacks = defaultdict(list)
        for (p, parts), m in zip(self.matrices, self.momentum):
            m.mul_(0.95).add_(p.grad)
            nudge = p.grad.add_(m, alpha=0.95)
            p.mul_(1 - self.matrix_rate * rate * self.decay)
            for target, g in zip(p.split(parts), nudge.split(parts)):
                wide = (target, g) if g.shape[0] <= g.shape[1] else (target.t(), g.t())
                stacks[wide[1].shape].append((*wide, max(1.0, g.shape[0] / g.shape[1]) ** 0.5))
        for members in stacks.values():
            update = orthogonalize(torch.stack([g for _, g, _ in members]))
            for (target, _, scale), u in zip(members, update):
                target.add_(u, alpha=-self.matrix_rate * rate * scale)
        for p in [*self.others, *(p for p, _ in self.matrices)]:
            p.grad = None

    def state(self) -> dict:
        return {"momentum": self.momentum, "adam": self.adam.state_dict()}

    def load(self, state: dict) -> None:
        self.momentum = state["momentum"]
        self.adam.load_state_dict(state["adam"])
