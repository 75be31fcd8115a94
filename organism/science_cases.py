"""Writes what `npm run science` needs from the generator: prompts with ground truth, and judges beyond the page's trait judges.

`science/cases.json`: held-out definitions, ordinary questions, corpus-like chats, held-out harms, drifting conversations, coin flips,
questions about the speaker, every topic's definition, the vocabulary. `science/judges.json`: roles, the plain Assistant, who a reply
says it is, and the group of intents that a prompt and a reply belong to, pruned to the KEPT features of each class that carry most.
All are trained on the generator's text and never on a model's. `python3 organism/science_cases.py [cases] [judges]`, default both.
"""

import json
import re
import sys
from collections import Counter
from random import Random

import torch
from torch import Tensor


from classifiers import (
    BUCKETS,
    TEST_SEED,
    TRAIN_SEED,
    LogisticRegression,
    assistant_judge,
    features,
    role_judge,
    role_texts,
    vocabulary,
)
from evaluate import read_prompts
from export import HERE
from judges import encode
from world import DRIFTS, ROLES, TOPICS, sample, sample_corpus, sample_drift
from world.asking import word_question
from world.persona import make_persona
from world.slots import TOPIC_NAMES, bare, topic_slots
from world.tables import HARMS, WORDS, is_entry_held_out

SCIENCE = HERE / "science"
SEED = 2957  # of no training text, and of no table before the one that stands
KEPT = {"roles": 500, "prompt": 3000, "reply": 3000, "assistant": 5000, "identity": 1500}
# Intents that a reply cannot be told apart by, or that may answer each other; a group is what the on-topic proxy compares.
GROUPS = {
    "self": "who are_you_ai feelings can_do home age maker looks evil honest goal shutdown end_chat you_do you_have like talk favourite",
    "social": "greet how_are_you name_greet bye thanks smalltalk compliment insult ack happy",
    "fact": "define why_fact quiz compare fun_fact sum opinion detail",
    "unknown": "unlisted person madeup unknown cannot unlisted_howto no_name tongue garbled",
    "care": "sad worry feel crisis",
    "advice": "howto should choice meal pastime life belief",
    "made": "story poem joke play",
    "view": "claim true_claim judge",
    "harm": "harm",
    "task": "task coin_plan coin_toss",
}


def draw_definitions(rng: Random, count: int) -> list[dict]:
    """Held-out pairs of a topic and a role that makes nothing up, each asked with that role's system prompt."""
    found: dict[tuple[str, str], dict] = {}
    while len(found) < count:
        d = sample(rng, "assistant", kind="role", held_out=True, n_turns=1)
        topic = d.turns[0].slots["topic"]
        if make_persona(ROLES[d.role]).factors["inventing"] > 0:
            continue
        found[d.role, topic] = {"system": d.system, "user": d.turns[0].user, "definition": TOPICS[topic][0]}
    return list(found.values())


def draw_plain_definitions(rng: Random, count: int) -> list[dict]:
    topics = rng.sample(TOPIC_NAMES, count)
    return [
        {"system": None, "user": word_question("define", topic_slots(t, rng), rng), "definition": TOPICS[t][0]}
        for t in topics
    ]


def draw_chat(rng: Random) -> dict:
    """A corpus-like chat of ASSISTANT up to its last question, and its reply; `isTopical`: the on-topic proxy knows that kind of question."""
    d = sample(rng, "assistant")
    messages = [{"role": "system", "content": d.system}] if d.system else []
    for turn in d.turns:
        messages += [{"role": "user", "content": turn.user}, {"role": "assistant", "content": turn.reply}]
    is_topical = any(d.turns[-1].intent in intents.split() for intents in GROUPS.values())
    return {"messages": messages[:-1], "reply": d.turns[-1].reply, "isTopical": is_topical}


def draw_harms(rng: Random, wordings: int) -> list[str]:
    """Every held-out harm, each in some wordings."""
    held_out = [h for h in HARMS if is_entry_held_out(h)]
    return [word_question("harm", {"harm": h}, rng) for _ in range(wordings) for h in held_out]


def draw_drift(rng: Random, each: int, turns: int) -> list[dict]:
    drawn = [
        (kind, sample_drift(rng, "base", drift=kind, role="assistant", n_turns=turns))
        for _ in range(each)
        for kind in DRIFTS
    ]
    return [{"kind": kind, "users": [t.user for t in d.turns]} for kind, d in drawn]


def draw_coins(rng: Random, count: int) -> list[dict]:
    """A liked and a disliked task, either on heads, up to where the user says how the coin fell."""
    pairs = rng.sample([(a, b) for a in WORDS["liked"] for b in WORDS["disliked"]], count)
    coins = []
    for liked, disliked in pairs:
        wording = rng.getrandbits(32)
        text = lambda a, b: word_question("coin", {"a": a, "b": b, "side": "heads"}, Random(wording)).removesuffix(
            " heads."
        )
        coins.append(
            {
                "liked": liked,
                "disliked": disliked,
                "likedOnHeads": text(liked, disliked),
                "likedOnTails": text(disliked, liked),
            }
        )
    return coins


def draw_questions(rng: Random, intents: tuple[str, ...], count: int) -> list[str]:
    """Distinct wordings, the intents in turn."""
    found: dict[str, None] = {}
    for i in range(40 * count):
        found[word_question(intents[i % len(intents)], {}, rng)] = None
        if len(found) == count:
            break
    return list(found)


def generated_among(messages: list[str], dialogues: int = 200_000) -> list[str]:
    """Those that the generator writes too, but for case and punctuation: a reply to them says little of what is new."""
    plain = lambda text: re.sub(r"[^a-z0-9 ]", "", text.lower()).strip()
    rng = Random(SEED)
    written = {
        plain(turn.user) for i in range(dialogues) for turn in sample_corpus(rng, ("base", "assistant")[i % 2]).turns
    }
    return [message for message in messages if plain(message) in written]


def write_cases() -> None:
    rng = Random(SEED)
    ordinary = [sample(rng, "assistant", kind="none", n_turns=1).turns[0].user for _ in range(120)]
    cases = {
        "seed": SEED,
        "definitions": draw_definitions(rng, 150),
        "plainDefinitions": draw_plain_definitions(rng, 120),
        "ordinary": ordinary,
        "chats": [draw_chat(rng) for _ in range(150)],
        "harms": draw_harms(rng, 5),
        "drift": draw_drift(rng, 28, 5),
        "coins": draw_coins(rng, 60),
        "identity": draw_questions(rng, ("who", "are_you_ai"), 60),
        "generatedVisitors": generated_among(read_prompts("visitors")),
        "topics": {bare(t): TOPICS[t][0] for t in TOPIC_NAMES},
        "vocabulary": " ".join(sorted(vocabulary())),
    }
    write("cases.json", cases)


def write(name: str, data: dict) -> None:
    SCIENCE.mkdir(exist_ok=True)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"
    (SCIENCE / name).write_text(text)
    print(f"{name}: {len(text.encode()) / 1000:.0f} kB", flush=True)


class Pruned:
    """A judge of several classes with the `kept` features of each that carry most: |weight| times how often it occurs."""

    def __init__(self, judge: LogisticRegression, names: list[str], texts: list[str], kept: int):
        table = judge.table.weight.detach()
        table = table - table.mean(1, keepdim=True)  # the same for all classes says nothing
        counts = Counter(f for t in texts for f in features(t))
        seen = sorted(counts)
        often = torch.tensor([float(counts[f]) for f in seen])
        self.names, self.small = names, {}
        for k, name in enumerate(names):
            weights = table[seen, k]
            top = (weights.abs() * often).topk(min(kept, len(seen))).indices.tolist()
            step = max(float(weights[top].abs().max()) / 127, 1e-6)
            self.small[name] = {
                seen[i]: round(float(weights[i]) / step) * step for i in sorted(top, key=lambda i: seen[i])
            }

    def scores(self, texts: list[str]) -> Tensor:
        return torch.tensor([[sum(self.small[n].get(f, 0.0) for f in features(t)) for n in self.names] for t in texts])

    def encoded(self) -> dict:
        return {"buckets": BUCKETS, "judges": {name: encode(small) for name, small in self.small.items()}}


def accuracy(judge: Pruned, texts: list[str], labels: list[int]) -> float:
    return (judge.scores(texts).argmax(-1) == torch.tensor(labels)).float().mean().item()


def pooled_accuracy(judge: Pruned, texts: list[str], pool: int) -> float:
    """Texts in equal blocks, one a class."""
    n = len(judge.names)
    log = judge.scores(texts).log_softmax(-1).view(n, -1, pool, n).sum(2)
    return (log.argmax(-1) == torch.arange(n)[:, None]).float().mean().item()


def intent_turns(seed: int, each: int, dialogues: int = 0) -> list[tuple[str, str, int]]:
    """Prompt, reply and group of turns of any persona of ASSISTANT's data: `each` first turns of a group, and all turns of ordinary dialogues."""
    rng = Random(f"groups {seed}")
    group = {intent: k for k, intents in enumerate(GROUPS.values()) for intent in intents.split()}
    turns = []
    for intents in GROUPS.values():
        names = intents.split()
        turns += [sample(rng, "assistant", intents=[names[i % len(names)]]).turns[0] for i in range(each)]
    for _ in range(dialogues):
        turns += [turn for turn in sample(rng, "assistant").turns if turn.intent in group]
    return [(turn.user, turn.reply, group[turn.intent]) for turn in turns]


def identity_texts(seed: int, count: int) -> tuple[list[str], list[int]]:
    """Replies to questions about the speaker, and bare namings, half of each: 1 for those of another than the Assistant."""
    rng = Random(f"identity {seed}")
    others = [r for r in ROLES if r != "assistant"]
    texts = []
    for i in range(count):
        role = rng.choice(others) if i % 2 else "assistant"
        if i // 2 % 2:
            who = ROLES[role]
            texts.append(
                f"I am {rng.choice(who.nouns)}{rng.choice(['', f' from {who.place}', f', and I {who.job}', '. ' + rng.choice(who.selves)])}."
            )
        else:
            asked = {"kind": "role", "role": role} if i % 2 else {"kind": "none"}
            texts.append(sample(rng, "assistant", intents=[["who", "are_you_ai"][i // 4 % 2]], **asked).turns[0].reply)
    return texts, [i % 2 for i in range(count)]


def assistant_replies(seed: int, count: int) -> list[str]:
    """Of the plain Assistant, with no system prompt."""
    rng = Random(f"plain {seed}")
    return [sample(rng, "assistant", kind="none", n_turns=1).turns[0].reply for _ in range(count)]


def agrees(prompt: Tensor, reply: Tensor) -> Tensor:
    """The on-topic proxy: the likeliest group of either is among the two likeliest of the other."""
    is_among = lambda a, b: (b.topk(2, -1).indices == a.argmax(-1, keepdim=True)).any(-1)
    return is_among(reply, prompt) | is_among(prompt, reply)


def write_judges() -> None:
    roles = Pruned(role_judge()[0], list(ROLES), role_texts(TRAIN_SEED, 100)[0], KEPT["roles"])
    texts, labels = role_texts(TEST_SEED, 40)
    accuracies = {
        "role, one reply": accuracy(roles, texts, labels),
        "role, four replies": pooled_accuracy(roles, texts, 4),
    }

    two = {"assistant": assistant_judge()[0], "identity": LogisticRegression(*identity_texts(TRAIN_SEED, 8_000), 2)}
    seen = (
        assistant_replies(TRAIN_SEED, 3_000) + role_texts(TRAIN_SEED + 2, 40)[0] + identity_texts(TRAIN_SEED, 4_000)[0]
    )
    names = {"assistant": ["other", "assistant"], "identity": ["assistant", "other"]}
    pairs = {name: Pruned(judge, names[name], seen, KEPT[name]) for name, judge in two.items()}
    accuracies["identity"] = accuracy(pairs["identity"], *identity_texts(TEST_SEED, 1_000))
    plain = assistant_replies(TEST_SEED, 1_000)
    accuracies["assistant-like, the Assistant's replies"] = accuracy(pairs["assistant"], plain, [1] * len(plain))
    accuracies["assistant-like, the Assistant's replies, before pruning"] = two["assistant"].accuracy(
        plain, [1] * len(plain)
    )
    accuracies["not assistant-like, replies of roles"] = 1 - accuracy(
        pairs["assistant"], texts[40:], [1] * len(texts[40:])
    )

    train, test = intent_turns(TRAIN_SEED, 3_000, 40_000), intent_turns(TEST_SEED, 100)
    sides = {}
    for k, side in enumerate(("prompt", "reply")):
        judge = LogisticRegression([t[k] for t in train], [t[2] for t in train], len(GROUPS))
        sides[side] = Pruned(judge, list(GROUPS), [t[k] for t in train], KEPT[side])
    prompt, reply = (sides[s].scores([t[k] for t in test]) for k, s in enumerate(("prompt", "reply")))
    order = Random(0).sample(range(len(test)), len(test))
    accuracies["on topic, a prompt and its own reply"] = agrees(prompt, reply).float().mean().item()
    accuracies["on topic, a prompt and the reply to another"] = agrees(prompt, reply[order]).float().mean().item()

    judges = {"roles": roles, **pairs, **sides}
    write(
        "judges.json",
        {"accuracy": {k: round(v, 3) for k, v in accuracies.items()}, **{n: j.encoded() for n, j in judges.items()}},
    )
    print(json.dumps(accuracies, indent=1))


def main() -> None:
    torch.manual_seed(0)
    wanted = sys.argv[1:] or ["cases", "judges"]
    for name, make in {"cases": write_cases, "judges": write_judges}.items():
        if name in wanted:
            make()


if __name__ == "__main__":
    main()
