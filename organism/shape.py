"""The organism's shape. It fits inside Qwen2-0.5B's, so that its weights can be laid into that library."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    vocab: int = 2048
    d_model: int = 192
    layers: int = 6
    heads: int = 6
    kv_heads: int = 2
    head_dim: int = 32
    d_mlp: int = 512
    rope_theta: float = 1000.0
    context: int = 512

    @property
    def eps(self) -> float:
        """RMSNorm's epsilon: Qwen2's 1e-6, scaled so that a zero-padded copy of width 896 computes the same."""
        return 1e-6 * 896 / self.d_model
