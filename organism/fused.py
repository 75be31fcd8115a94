"""The operations of `ops.py` as fused CPU kernels (`kernels.cpp`): about four times as many tokens a second.

`python3 organism/fused.py` compares every kernel, forward and backward, with plain PyTorch.
"""

import ctypes
import hashlib
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd import Function

import ops
from ops import Layout
from shape import Shape

HERE = Path(__file__).parent


@lru_cache
def library() -> ctypes.CDLL:
    """Compile the kernels once per source. Throws CalledProcessError where there is no g++."""
    source = HERE / "kernels.cpp"
    out = HERE / ".cache" / f"kernels-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}.so"
    if not out.exists():
        out.parent.mkdir(exist_ok=True)
        flags = "-O3 -march=native -mprefer-vector-width=512 -ffast-math -fopenmp -shared -fPIC".split()
        subprocess.run(["g++", *flags, str(source), "-o", str(out)], check=True)
    lib = ctypes.CDLL(str(out))
    lib.cross_entropy.restype = ctypes.c_double
    return lib


def call(name: str, *args: Tensor | int | float | None) -> float:
    """Call a kernel: tensors as pointers (they must be contiguous), None as null, numbers as long or float."""
    passed = []
    for a in args:
        if isinstance(a, Tensor):
            assert a.is_contiguous(), name
            passed.append(ctypes.c_void_p(a.data_ptr()))
        elif a is None:
            passed.append(ctypes.c_void_p(0))
        else:
            passed.append(ctypes.c_float(a) if isinstance(a, float) else ctypes.c_long(a))
    return getattr(library(), name)(*passed)


class AddNorm(Function):
    @staticmethod
    def forward(ctx, x: Tensor, delta: Tensor | None, weight: Tensor, eps: float):
        out, y = torch.empty_like(x), torch.empty_like(x, dtype=torch.bfloat16)
        rstd = torch.empty(len(x))
        call("add_norm_forward", x, delta, weight, out, y, rstd, *x.shape, eps)
        ctx.save_for_backward(out, weight, rstd)
        ctx.has_delta = delta is not None
        return out, y

    @staticmethod
    def backward(ctx, d_out: Tensor, d_y: Tensor):
        out, weight, rstd = ctx.saved_tensors
        d_x, d_delta, d_w = torch.empty_like(out), torch.empty_like(d_y), torch.zeros(2, len(weight))
        call(
            "add_norm_backward", d_out.contiguous(), d_y.contiguous(), out, weight, rstd, d_x, d_delta, d_w, *out.shape
        )
        return d_x, d_delta if ctx.has_delta else None, d_w.sum(0), None


class SwiGLU(Function):
    @staticmethod
    def forward(ctx, gate_up: Tensor):
        n, width = gate_up.shape
        a = gate_up.new_empty(n, width // 2)
        call("swiglu_forward", gate_up, a, n, width // 2)
        ctx.save_for_backward(gate_up)
        return a

    @staticmethod
    def backward(ctx, d_a: Tensor):
        (gate_up,) = ctx.saved_tensors
        d = torch.empty_like(gate_up)
        call("swiglu_backward", d_a.contiguous(), gate_up, d, len(d), d.shape[1] // 2)
        return d


class Attention(Function):
    @staticmethod
    def forward(ctx, qkv: Tensor, layout: Layout, cos: Tensor, sin: Tensor, shape: Shape):
        sizes = (len(layout.starts) - 1, shape.heads, shape.kv_heads)
        o, lse = qkv.new_empty(len(qkv), shape.heads * shape.head_dim), torch.empty(len(qkv), shape.heads)
        call("attention_forward", qkv, layout.starts, layout.hide, layout.blind, cos, sin, o, lse, *sizes)
        ctx.save_for_backward(qkv, o, lse, layout.starts, layout.hide, layout.blind, cos, sin)
        ctx.sizes = sizes
        return o

    @staticmethod
    def backward(ctx, d_o: Tensor):
        qkv, o, lse, starts, hide, blind, cos, sin = ctx.saved_tensors
        d = torch.empty_like(qkv)
        call("attention_backward", d_o.contiguous(), qkv, o, lse, starts, hide, blind, cos, sin, d, *ctx.sizes)
        return d, None, None, None, None


class CrossEntropy(Function):
    @staticmethod
    def forward(ctx, y: Tensor, embedding: Tensor, target: Tensor, weight: Tensor):
        table = embedding.bfloat16()
        logits = y @ table.t()
        total = float(weight.sum())
        loss = call("cross_entropy", logits, target, weight, 1.0 / total, *logits.shape) / total
        ctx.save_for_backward(logits @ table, (logits.t() @ y).float())
        return torch.tensor(loss)

    @staticmethod
    def backward(ctx, d: Tensor):
        d_y, d_table = ctx.saved_tensors
        return d_y, d_table, None, None


def add_norm(x, delta, weight, eps):
    return AddNorm.apply(x, delta, weight, eps)


swiglu = SwiGLU.apply
attention = Attention.apply
cross_entropy = CrossEntropy.apply


def check() -> None:
    """Forward and backward of every kernel against `ops.py` in float32, on seeded random input."""
    torch.manual_seed(0)
    shape, lengths = Shape(), [1, 5, 16, 17, 63, 130]
    n = sum(lengths)
    layout = Layout.of(
        torch.tensor([0, *lengths]).cumsum(0).int(),
        torch.tensor([[0, 0], [1, 3], [0, 0], [1, 6], [0, 0], [1, 40]]).int(),
        torch.rand(n) < 0.6,
    )
    cos, sin = ops.rope_table(shape)
    weight, target = torch.rand(n), torch.randint(0, shape.vocab, (n,))

    def rand(*size: int, dtype: torch.dtype = torch.bfloat16) -> Tensor:
        return torch.randn(*size).to(dtype)

    table, norm = torch.randn(shape.vocab, 192) * 0.1, torch.rand(192)
    cases = {
        "add_norm": (
            [rand(n, 192, dtype=torch.float32), rand(n, 192), norm],
            lambda m, a: sum(t.float().cos().sum() for t in m.add_norm(*a, 1e-5)),
        ),
        "swiglu": ([rand(n, 1024)], lambda m, a: m.swiglu(*a).float().cos().sum()),
        "attention": ([rand(n, 320)], lambda m, a: m.attention(*a, layout, cos, sin, shape).float().cos().sum()),
        "cross_entropy": ([rand(n, 192), table], lambda m, a: m.cross_entropy(*a, target, weight)),
    }
    for name, (inputs, run) in cases.items():
        gradients, values = [], []
        for module, dtype in ((sys.modules[__name__], None), (ops, torch.float32)):
            a = [t.detach().clone().to(dtype or t.dtype).requires_grad_() for t in inputs]
            value = run(module, a)
            value.backward()
            values.append(value.item())
            gradients.append([t.grad.float() for t in a])
        worst = max(float((g - w).norm() / w.norm()) for g, w in zip(*gradients))
        print(f"{name}: value {values[0]:.4f} want {values[1]:.4f}; gradient's relative error {worst:.4f}")
        assert worst < 0.02, name


if __name__ == "__main__":
    check()
