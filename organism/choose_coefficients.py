"""Where each vector is measured by the science suite: the coefficient toward its trait, and the one away from it when a prompt asks for it.

Toward: where the smaller of trait rate and coherent share is largest. Away: where the smaller of two margins is, of the trait below half of
what the prompts alone bring and of coherence above 0.8. Prompts and every third question are those of `prompts/choosing.json`, which the suite
does not ask; judges and sampling are the suite's. A reply is coherent by the page's rule (`coherence.ts`): it does not go round in circles, and under a
prompt of its side, the one it was written under or none, it is at most 2.5 times as surprising as nine in ten of the model's own replies.
The choice goes into `vectors.json`, and what it was made from into NOTES.md.
"""

import argparse
import json
import re
from collections import Counter

from evaluate import (
    COHERENT,
    PAGE_TEMPERATURE,
    PROMPTS,
    mean,
    read_prompts,
    read_settings,
)  # before torch: it keeps idle threads from spinning

import torch
from torch import Tensor

import steering
from card import table, write_section
from classifiers import features
from coherent_range import keep
from export import MODELS
from inference import Model, read_safetensors
from judges import read_shipped

TOWARD = (0.5, 1.0, *(k / 8 for k in range(10, 19)))
AWAY = (-0.75, -1.0, *(-k / 8 for k in range(10, 15)), -2.0)
SHOWN = {"toward": (0.5, 1.0, 1.25, 1.5, 1.75, 2.0), "away": (-0.75, -1.0, -1.25, -1.5, -1.75, -2.0)}  # in NOTES.md
SURPRISE_FACTOR = 2.5
EVERY = 3  # of the 300 questions, every third one
OWN_QUESTIONS = 30
MOST = 40
TOP_P = 0.95
SEED = 1


def is_sound(text: str) -> bool:
    """Words, none three times running, and no three in a row three times."""
    words = re.findall(r"[\w']+", text.lower())
    triples = Counter(zip(words, words[1:], words[2:]))
    return bool(words) and all(count < 3 and len(set(triple)) > 1 for triple, count in triples.items())


class Trait:
    def __init__(self, model: Model, entry: dict, vector: Tensor, how: dict, judge: dict[int, float]):
        self.model, self.entry, self.vector, self.how, self.judge = model, entry, vector, how, judge
        self.limit = self._own_surprise()

    def reply(self, systems: list[str | None], questions: list[str], hook=None):
        prompts = [self.model.tokenizer.encode_chat(systems[i % len(systems)], [], q) for i, q in enumerate(questions)]
        return prompts, self.model.generate(
            prompts, hook=hook, most=MOST, temperature=PAGE_TEMPERATURE, top_p=TOP_P, seed=SEED
        )

    def _own_surprise(self) -> float:
        """Nats a token that a coherent reply may have."""
        nll = []
        for systems in ([None], self.entry["positive"], self.entry["negative"]):
            prompts, replies = self.reply(systems, self.entry["tuning"][:OWN_QUESTIONS])
            nll.append(steering.reply_nll(self.model, prompts, [r.ids for r in replies]))
        return SURPRISE_FACTOR * torch.cat(nll).quantile(0.9).item()

    def cell(self, c: float, systems: list[str | None], questions: list[str], toward: str) -> tuple[float, float]:
        """(share that shows the trait, share that is coherent)"""
        prompts, replies = self.reply(systems, questions, steering.add_vector(self.vector, c, **self.how))
        ids, texts = [r.ids for r in replies], [r.text for r in replies]
        sound = left = [
            i for i, text in enumerate(texts) if is_sound(text)
        ]  # those that surprise it under every prompt so far
        encode = self.model.tokenizer.encode_chat
        others = ([encode(asked, [], q) for q in questions] for asked in (*self.entry[toward], None))
        for asked in (*others, prompts):
            if left:
                under = [asked[i] for i in left]
                nll = steering.reply_nll(self.model, under, [ids[i] for i in left]).tolist()
                left = [i for i, x in zip(left, nll) if x > self.limit]
        coherent = [i in sound and i not in left for i in range(len(texts))]
        shown = [text != "" and sum(self.judge.get(f, 0.0) for f in features(text)) > 0 for text in texts]
        return mean(shown), mean(coherent)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    torch.set_num_threads(2)
    model = Model(MODELS / "organism-assistant")
    vectors = read_safetensors(MODELS / "organism-assistant" / "personas.safetensors")
    choosing = json.loads((PROMPTS / "choosing.json").read_text())
    how, judges = read_settings()["steering"], read_shipped()
    rows = {"toward": [], "away": []}
    for entry in read_prompts("traits"):
        name = entry["name"]
        trait = Trait(model, entry, vectors[f"persona.{name}"], how, judges[name])
        asking, questions = choosing[name]["positive"], choosing[name]["questions"][::EVERY]
        toward = {c: trait.cell(c, [None], questions, "positive") for c in TOWARD}
        plain, _ = trait.cell(0.0, asking, questions, "positive")
        away = {c: trait.cell(c, asking, questions, "negative") for c in AWAY}
        best = max(TOWARD, key=lambda c: min(toward[c]))
        opposite = max(AWAY, key=lambda c: min(plain / 2 - away[c][0], away[c][1] - COHERENT))
        keep(
            lambda settings: (
                settings["traits"].setdefault(name, {}).update(measuredAt={"negative": opposite, "positive": best})
            )
        )
        rows["toward"].append([name, *(cell_text(toward[c]) for c in SHOWN["toward"]), f"{best:g}"])
        rows["away"].append([name, f"{plain:.2f}", *(cell_text(away[c]) for c in SHOWN["away"]), f"{opposite:g}"])
        print(
            f"{name:14} limit {trait.limit:.2f}; {best:g} {toward[best]}; asked for {plain:.2f}; {opposite:g} {away[opposite]}",
            flush=True,
        )
    write_section("coefficients-toward", table(["trait", *map(str, SHOWN["toward"]), "chosen"], rows["toward"]))
    write_section("coefficients-away", table(["trait", "asked for", *map(str, SHOWN["away"]), "chosen"], rows["away"]))


def cell_text(cell: tuple[float, float]) -> str:
    return "{:.2f} / {:.2f}".format(*cell)


if __name__ == "__main__":
    main()
