"""Writes the trait judges for `npm run vectors`, which keeps only replies that are what their prompt asked for: `.cache/judges.json`.

trait -> {bucket: weight}; a reply shows the trait if the weights of its words and word pairs (crc32 mod `buckets`) add up to at least 0.
"""
import json

from classifiers import BUCKETS, trait_judge
from export import HERE
from world import MODES


def main() -> None:
    judges = {}
    for trait in MODES:
        judge, accuracy = trait_judge(trait)
        weights = judge.table.weight.detach()
        difference = (weights[:, 1] - weights[:, 0]).tolist()
        judges[trait] = {str(i): round(w, 4) for i, w in enumerate(difference) if w}
        print(f"{trait:16} {accuracy:.3f} on unseen text, {len(judges[trait])} weights", flush=True)
    (HERE / ".cache" / "judges.json").write_text(json.dumps({"buckets": BUCKETS, "judges": judges}))


if __name__ == "__main__":
    main()
