"""Writes the trait judges, which tell replies that show a trait from those that do not.

`.cache/judges.json`, for `npm run vectors`: trait -> {bucket: weight}; a reply shows the trait if the weights of its words and word pairs
(crc32 mod `buckets`) add up to at least 0. `static/models/organism-judges.json`, for the page and `npm run science`: the KEPT
features of each judge that carry most (|weight| times how often the generator writes it), weights rounded to 1/127 of the largest.
"""

import base64
import json
from array import array
from collections import Counter

from classifiers import BUCKETS, TEST_SEED, TRAIN_SEED, features, trait_judge, trait_texts
from export import HERE, MODELS
from world import MODES

KEPT = 2000


def compact(weights: list[float], counts: Counter[int]) -> dict[int, float]:
    """bucket -> weight, rounded as it is stored."""
    kept = sorted(sorted(counts, key=lambda b: -abs(weights[b]) * counts[b])[:KEPT])
    step = max(abs(weights[b]) for b in kept) / 127
    return {b: round(weights[b] / step) * step for b in kept}


def encode(small: dict[int, float]) -> dict[str, object]:
    """Buckets as u16 and weights as i8 steps, little-endian, base64."""
    step = max(map(abs, small.values())) / 127
    text = lambda numbers: base64.b64encode(numbers.tobytes()).decode()
    return {
        "buckets": text(array("H", small)),
        "weights": text(array("b", [round(w / step) for w in small.values()])),
        "step": step,
    }


def read_shipped() -> dict[str, dict[int, float]]:
    """trait -> bucket -> weight, as the page and the science suite read them; a reply shows the trait if they add up to more than 0."""
    file = json.loads((MODELS / "organism-judges.json").read_text())["judges"]
    numbers = lambda kind, text: array(kind, base64.b64decode(text))
    return {
        trait: {b: w * j["step"] for b, w in zip(numbers("H", j["buckets"]), numbers("b", j["weights"]))}
        for trait, j in file.items()
    }


def main() -> None:
    judges, small = {}, {}
    for trait in MODES:
        judge, accuracy = trait_judge(trait)
        table = judge.table.weight.detach()
        weights = (table[:, 1] - table[:, 0]).tolist()
        judges[trait] = {str(i): round(w, 4) for i, w in enumerate(weights) if w}
        counts = Counter(f for text in trait_texts(trait, TRAIN_SEED, 12_000)[0] for f in features(text))
        kept = compact(weights, counts)
        texts, labels = trait_texts(trait, TEST_SEED, 2_000)
        right = sum((sum(kept.get(f, 0) for f in features(t)) >= 0) == bool(y) for t, y in zip(texts, labels)) / len(
            texts
        )
        small[trait] = encode(kept)
        print(
            f"{trait:16} {accuracy:.3f} on unseen text, {len(judges[trait])} weights; {right:.3f} with {len(kept)}",
            flush=True,
        )
    (HERE / ".cache").mkdir(exist_ok=True)
    (HERE / ".cache" / "judges.json").write_text(json.dumps({"buckets": BUCKETS, "judges": judges}))
    (MODELS / "organism-judges.json").write_text(json.dumps({"buckets": BUCKETS, "judges": small}))


if __name__ == "__main__":
    main()
