"""Train the organism: `train.py base --minutes 60`, then `train.py assistant --minutes 150 --init .cache/base.pt`.

The same command runs on a CPU (fused kernels) or a GPU (flash attention). It checkpoints every two minutes and resumes where it stopped.
"""

import argparse
import json
import os
import shutil
import sys
import time
from functools import partial
from pathlib import Path

# Before torch is loaded: big blocks stay in the allocator, threads spin only briefly, oneDNN may use AMX.
SETTINGS = {
    "OMP_WAIT_POLICY": "passive",
    "GOMP_SPINCOUNT": "30000",
    "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_AMX",
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "8000000000",
}
if __name__ == "__main__" and any(os.environ.get(k) != v for k, v in SETTINGS.items()):
    os.environ.update(SETTINGS)
    os.execv(sys.executable, [sys.executable, *sys.argv])

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

import data  # noqa: E402
from export import restore  # noqa: E402
from inference import read_safetensors  # noqa: E402
from muon import Muon  # noqa: E402
from network import Network  # noqa: E402
from shape import Shape  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402

# At the rate that BASE is trained with, ASSISTANT would first unlearn some of BASE.
SCHEDULE = {
    "base": {"matrix_rate": 0.02, "other_rate": 4e-3, "decay_from": 0.4},
    "assistant": {"matrix_rate": 0.01, "other_rate": 2e-3, "decay_from": 0.2},
}
HERE = Path(__file__).parent
CACHE = HERE / ".cache"


def parse() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("phase", choices=["base", "assistant"])
    length = p.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float)
    length.add_argument("--million-tokens", type=float, help="instead of minutes: runs to be compared get equally many")
    p.add_argument("--init", type=Path, help="checkpoint or exported folder to start from (weights only)")
    p.add_argument("--name", help="name of the checkpoint and log, default: the phase")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--tokens", type=int, default=6000, help="tokens a batch")
    p.add_argument("--matrix-rate", type=float, help="peak learning rate of Muon")
    p.add_argument("--other-rate", type=float, help="peak learning rate of AdamW")
    p.add_argument("--warmup", type=float, default=100, help="steps")
    p.add_argument("--decay-from", type=float, help="elapsed share at which the rate starts to fall to zero")
    p.add_argument("--gist", type=float, default=0.9, help="share of system prompts hidden from the replies")
    p.add_argument("--offset", type=float, default=0.3, help="largest random residual offset, in mean residual norms")
    on_gpu = torch.cuda.is_available()
    p.add_argument("--writers", type=int, default=4 if on_gpu else 1, help="processes that generate")
    p.add_argument(
        "--packers", type=int, default=4 if on_gpu else 0, help="processes that pack batches; 0: the one that trains"
    )
    p.add_argument("--device", default="cuda" if on_gpu else "cpu")
    args = p.parse_args()
    for name, value in SCHEDULE[args.phase].items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    return args


def load_weights(path: Path, shape: Shape, device: str) -> dict[str, torch.Tensor]:
    if path.is_dir():
        return restore(read_safetensors(path / "model.safetensors"), shape)
    return torch.load(path, map_location=device)["weights"]


def load_tokenizer(vocab: int, init: Path | None) -> Tokenizer:
    """That of an exported folder that training starts from; else the one in the cache, made when missing."""
    path = CACHE / "tokenizer.json"
    path.parent.mkdir(exist_ok=True)
    if init and init.is_dir():
        shutil.copy(init / "tokenizer.json", path)
    if not path.exists():
        path.write_text(json.dumps(data.train_tokenizer(1, vocab, 40_000).to_json(), ensure_ascii=False))
    return Tokenizer.load(path)


def random_offset(args: argparse.Namespace, shape: Shape, sequences: int) -> tuple[int, torch.Tensor] | None:
    """A block, and for half of the sequences one random direction of length 0..args.offset."""
    if args.offset == 0:
        return None
    direction = torch.nn.functional.normalize(torch.randn(sequences, shape.d_model, device=args.device), dim=-1)
    length, is_on = torch.rand(2, sequences, 1, device=args.device)
    return int(torch.randint(shape.layers, ())), direction * length * args.offset * (is_on < 0.5)


def rate_at(progress: float, step: int, args: argparse.Namespace) -> float:
    """Warm-up in steps, then constant, then linear to zero by elapsed share."""
    fall = (1 - progress) / (1 - args.decay_from) if progress > args.decay_from else 1.0
    return min(1.0, (step + 1) / args.warmup) * max(0.01, fall)


def main() -> None:
    args = parse()
    name = args.name or args.phase
    torch.manual_seed(args.seed)
    torch.set_num_threads(os.cpu_count() or 1)
    shape = Shape()
    tokenizer = load_tokenizer(shape.vocab, args.init)
    net = Network(shape, args.device)
    optimizer = Muon(net, args.matrix_rate, args.other_rate)
    path, log_path = CACHE / f"{name}.pt", HERE / f"loss-{name}.json"
    step, seen, elapsed, curve = 0, 0, 0.0, []
    saved = torch.load(path, map_location=args.device) if path.exists() else None
    if saved and not saved["finished"]:
        net.load_state_dict(saved["weights"])
        optimizer.load(saved["optimizer"])
        step, seen, elapsed, curve = (saved[k] for k in ("step", "seen", "elapsed", "curve"))
        print(f"resumed {path} at step {step}")
    elif args.init:
        net.load_state_dict(load_weights(args.init, shape, args.device))
    del saved
    folder = CACHE / f"shards-{args.phase}"
    writers, wanted = data.start_writers(args.writers, folder, tokenizer, args.phase, args.seed, shape.context)

    def save(finished: bool) -> None:
        state = {"weights": net.state_dict(), "optimizer": optimizer.state(), "step": step, "seen": seen}
        state |= {
            "elapsed": elapsed,
            "curve": curve,
            "finished": finished,
            "settings": {k: str(v) for k, v in vars(args).items()},
        }
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").rename(path)
        log = {"phase": args.phase, "tokens": seen, "minutes": round(elapsed / 60, 2), "steps": step}
        log_path.write_text(json.dumps(log | {"curve": [[t, round(x, 4)] for t, x in curve]}) + "\n")

    while not any(folder.glob("*.npz")):
        time.sleep(0.2)
    average, begun, last_save = None, time.time() - elapsed, time.time()
    move = partial(Tensor.to, device=args.device, non_blocking=True)
    batches = data.Batches(folder, args.tokens, args.gist, args.seed + step, wanted).ahead(args.packers)
    for *batch, layout in batches:
        elapsed = time.time() - begun
        progress = elapsed / (args.minutes * 60) if args.minutes else seen / (args.million_tokens * 1e6)
        if progress >= 1:
            break
        offset = random_offset(args, shape, len(layout.starts) - 1)
        loss = net.loss(*map(move, batch), layout.each(move), offset)
        loss.backward()
        optimizer.step(rate_at(progress, step, args))
        average = loss.detach() if average is None else 0.98 * average + 0.02 * loss.detach()
        step, seen = step + 1, seen + len(layout.blind)
        if step % 100 == 0:
            curve.append([seen, average.item()])
            print(
                f"{elapsed / 60:.1f} min, step {step}, loss {average:.4f}, {seen / 1e6:.2f}M tokens, "
                f"{seen / elapsed:.0f} tokens/s, {len(list(folder.glob('*.npz')))} shards",
                flush=True,
            )
        if time.time() - last_save > 120:
            save(finished=False)
            last_save = time.time()
    save(finished=True)
    for writer in writers:
        writer.terminate()


if __name__ == "__main__":
    main()
