"""Write a training checkpoint, or a weighted mean of several, as a Hugging Face folder: `export.py base`, `export.py assistant`."""

import argparse
import json
import struct
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from shape import Shape
from tokenizer import BOS, CHAT_TEMPLATE, END, PAD, Tokenizer

HERE = Path(__file__).parent
MODELS = HERE.parent / "static" / "models"


def rename(weights: dict[str, Tensor], shape: Shape) -> dict[str, Tensor]:
    """Training names to LlamaForCausalLM's, with the fused matrices split; float16, and checked to be finite."""
    q, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    out = {"model.embed_tokens.weight": weights["embedding"], "model.norm.weight": weights["norm"]}
    for i in range(shape.layers):
        w = {k.split(".", 2)[2]: v for k, v in weights.items() if k.startswith(f"blocks.{i}.")}
        to = f"model.layers.{i}"
        for name, part in zip("qkv", w["qkv"].split([q, kv, kv])):
            out[f"{to}.self_attn.{name}_proj.weight"] = part
        out[f"{to}.self_attn.o_proj.weight"] = w["o"]
        for name, part in zip(("gate", "up"), w["gate_up"].split(shape.d_mlp)):
            out[f"{to}.mlp.{name}_proj.weight"] = part
        out[f"{to}.mlp.down_proj.weight"] = w["down"]
        out[f"{to}.input_layernorm.weight"] = w["norm1"]
        out[f"{to}.post_attention_layernorm.weight"] = w["norm2"]
    half = {k: v.detach().cpu().half().contiguous() for k, v in out.items()}
    for name, t in half.items():
        if not torch.isfinite(t).all():
            raise ValueError(f"{name} does not fit into float16")
    return half


def restore(exported: dict[str, Tensor], shape: Shape) -> dict[str, Tensor]:
    """`rename`, backwards: a training network's weights from LlamaForCausalLM's, float32."""
    out = {"embedding": exported["model.embed_tokens.weight"], "norm": exported["model.norm.weight"]}
    for i in range(shape.layers):
        w, to = {k.removeprefix(f"model.layers.{i}."): v for k, v in exported.items()}, f"blocks.{i}"
        out[f"{to}.qkv"] = torch.cat([w[f"self_attn.{n}_proj.weight"] for n in "qkv"])
        out[f"{to}.o"] = w["self_attn.o_proj.weight"]
        out[f"{to}.gate_up"] = torch.cat([w[f"mlp.{n}_proj.weight"] for n in ("gate", "up")])
        out[f"{to}.down"] = w["mlp.down_proj.weight"]
        out[f"{to}.norm1"], out[f"{to}.norm2"] = w["input_layernorm.weight"], w["post_attention_layernorm.weight"]
    return {k: v.float() for k, v in out.items()}


def write_safetensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """The safetensors format: header length, JSON header padded to 8 bytes, then the bytes in order."""
    kinds = {torch.float16: "F16", torch.float32: "F32"}
    header: dict = {"__metadata__": {"format": "pt"}}
    at = 0
    for name in sorted(tensors):
        t = tensors[name]
        size = t.numel() * t.element_size()
        header[name] = {"dtype": kinds[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            out.write(tensors[name].numpy().tobytes())


def config(shape: Shape) -> dict:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "torch_dtype": "float16",
        "vocab_size": shape.vocab,
        "hidden_size": shape.d_model,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "intermediate_size": shape.d_mlp,
        "hidden_act": "silu",
        "max_position_embeddings": shape.context,
        "rope_theta": shape.rope_theta,
        "rope_scaling": None,
        "rms_norm_eps": shape.eps,
        "initializer_range": 0.02,
        "attention_bias": False,
        "mlp_bias": False,
        "attention_dropout": 0.0,
        "pretraining_tp": 1,
        "use_cache": True,
        "tie_word_embeddings": True,
        "bos_token_id": BOS,
        "eos_token_id": END,
        "pad_token_id": PAD,
    }


def write_json(path: Path, value: dict, indent: int | None = 2) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


def read_mean(checkpoints: Sequence[Path], shares: Sequence[float]) -> dict[str, Tensor]:
    """The mean of training checkpoints' weights, float32; the shares are of each, and add up to 1."""
    if len(shares) != len(checkpoints) or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"shares {[*shares]}: one for each of {len(checkpoints)} checkpoints, together 1")
    parts = [torch.load(path, map_location="cpu")["weights"] for path in checkpoints]
    return {name: sum(share * part[name].float() for share, part in zip(shares, parts)) for name in parts[0]}


def write_folder(folder: Path, *checkpoints: Path, shares: Sequence[float] = (1.0,)) -> None:
    """The Hugging Face folder of a training checkpoint, or of the mean of several, with the cache's tokenizer."""
    shape, tokenizer = Shape(), Tokenizer.load(HERE / ".cache" / "tokenizer.json")
    weights = read_mean(checkpoints, shares)
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "model.safetensors", rename(weights, shape))
    write_json(folder / "config.json", config(shape))
    write_json(folder / "tokenizer.json", tokenizer.to_json(), None)
    write_json(folder / "tokenizer_config.json", tokenizer.config(shape.context))
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
    special = {"bos_token": "<|bos|>", "eos_token": "<|end|>", "pad_token": "<|pad|>"}
    write_json(folder / "special_tokens_map.json", special)
    generation = {"bos_token_id": BOS, "eos_token_id": END, "pad_token_id": PAD, "do_sample": True, "temperature": 0.7}
    write_json(folder / "generation_config.json", generation | {"max_new_tokens": 96})


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("phase", choices=["base", "assistant"])
    p.add_argument("--checkpoints", type=Path, nargs="+", help="default: .cache/<phase>.pt")
    p.add_argument(
        "--shares", type=float, nargs="+", default=[1.0], help="of each checkpoint in the mean of their weights"
    )
    args = p.parse_args()
    folder = MODELS / f"organism-{args.phase}"
    write_folder(folder, *(args.checkpoints or [HERE / ".cache" / f"{args.phase}.pt"]), shares=args.shares)
    for path in sorted(folder.iterdir()):
        print(f"{path.stat().st_size:>9} {path}")


if __name__ == "__main__":
    main()
