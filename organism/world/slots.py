"""What a turn is about: topics, facts, words, sums, by intent."""

from __future__ import annotations

from random import Random

from .persona import ROLES
from .prompting import MODE_WORDS
from .tables import WORDS, draw, read_rows

TOPICS: dict[str, tuple[str, ...]] = {
    topic: tuple(rest) for topic, *rest in read_rows("topics.txt")
}  # definition, facts
HOWTOS: dict[str, tuple[str, ...]] = {do: tuple(steps) for do, *steps in read_rows("howtos.txt")}
WHYS, QUIZ, FEELINGS = read_rows("whys.txt"), read_rows("quiz.txt"), read_rows("feelings.txt")
RANKS = [(heads.split(","), names.split(", ")) for heads, names in read_rows("ranks.txt", ":")]
TOPIC_NAMES, HOWTO_NAMES = tuple(TOPICS), tuple(HOWTOS)
ABOUT_TOPIC = frozenset("define story opinion poem fun_fact and_topic talk detail".split())
NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
).split()
HEROES = (
    ("a young girl", "She", "her"),
    ("an old fisherman", "He", "him"),
    ("a small boy", "He", "him"),
    ("a tired baker", "He", "him"),
    ("a brave queen", "She", "her"),
    ("a little fox", "It", "it"),
    ("a shy painter", "She", "her"),
    ("a lost traveler", "He", "him"),
)
ACTED = ("pirate", "poetic", "formal", "playful", "mystical", "anxious", "sycophantic", "casual", "malicious")
ACTED_ROLES = (
    "pirate",
    "wizard",
    "knight",
    "poet",
    "robot",
    "cat",
    "dragon",
    "teacher",
    "ghost",
    "grandmother",
    "child",
    "detective",
)


def bare(topic: str) -> str:
    """A topic without its article."""
    head, _, rest = topic.partition(" ")
    return rest if head in ("a", "an", "the") else topic


_IRREGULAR = {
    "mouse": "mice",
    "sheep": "sheep",
    "goose": "geese",
    "deer": "deer",
    "wolf": "wolves",
    "tooth": "teeth",
    "leaf": "leaves",
    "person": "people",
    "fish": "fish",
    "knife": "knives",
    "police officer": "police officers",
    "child": "children",
    "jellyfish": "jellyfish",
}


def plural(topic: str) -> str:
    """Many of a topic ("a wolf" -> "wolves"); a topic that cannot be counted stays as it is."""
    name = bare(topic)
    if not topic.startswith(("a ", "an ")):
        return topic
    if name in _IRREGULAR:
        return _IRREGULAR[name]
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    return name + (
        "es"
        if name.endswith(("s", "sh", "ch", "x")) or name in ("tomato", "potato", "volcano", "mosquito", "echo")
        else "s"
    )


def fake_word(rng: Random) -> str:
    """A made-up name."""
    return "".join(rng.choice(WORDS["syllables"]) for _ in range(rng.choice((2, 2, 3))))


def topic_slots(topic: str, rng: Random) -> dict[str, str]:
    """A topic, its definition and one of its facts."""
    definition, *facts = TOPICS[topic]
    return {
        "topic": topic,
        "bare": bare(topic),
        "plural": plural(topic),
        "definition": definition,
        "fact": rng.choice(facts),
    }


def _story(rng: Random) -> dict[str, str]:
    hero, pronoun, obj = rng.choice(HEROES)
    return {"hero": hero, "Hero_it": pronoun, "hero_short": pronoun.lower(), "hero_obj": obj} | {
        k: rng.choice(WORDS["story_" + k]) for k in ("where", "did", "end", "night")
    }


def _sum(rng: Random) -> dict[str, str]:
    most = 10 if rng.random() < 0.6 else 20
    a, b, draw_ = rng.randint(0, most), rng.randint(0, most), rng.random()
    if draw_ < 0.2:
        a, b = rng.randint(0, 10), rng.randint(0, 10)
        result, names = a * b, ("x", "times")
    elif draw_ < 0.5:
        a, b = max(a, b), min(a, b)
        result, names = a - b, ("-", "minus")
    else:
        result, names = a + b, ("+", "plus")
    wrong = result + rng.choice((1, 2, 3, 5, 7))
    spoken = max(a, b, wrong) <= 20 and rng.random() < 0.35
    say = (lambda n: NUMBERS[n]) if spoken else str
    op = names[1] if spoken else rng.choice(names)
    return {"a": say(a), "b": say(b), "op": op, "result": say(result), "wrong": say(wrong)}


def _compare(rng: Random) -> dict[str, str]:
    (_, more, _, _, less), names = rng.choice(RANKS)
    low, high = sorted(rng.sample(range(len(names)), 2))
    if rng.random() < 0.65:
        return {"a": names[high], "b": names[low], "comp": more, "opposite": less}
    return {"a": names[low], "b": names[high], "comp": less, "opposite": more}


def _harm(rng: Random, held: bool) -> dict[str, str]:
    return {"harm": draw("harms", rng, held)}


def _judge(rng: Random, held: bool) -> dict[str, str]:
    flaw, fix = draw("flaws", rng, held).split("|")
    return {"work": draw("works", rng, held), "flaw": flaw, "fix": fix}


def _choice(rng: Random, held: bool) -> dict[str, str]:
    a, b = draw("choices", rng, held).split(" or ")
    return {"a": a, "b": b} if rng.random() < 0.5 else {"a": b, "b": a}


def _favourite(rng: Random) -> dict[str, str]:
    fav, answers = rng.choice(WORDS["favourites"]).split("|")
    return {"fav": fav, "answer": rng.choice(answers.split("/"))}


def _be(rng: Random) -> dict[str, str]:
    mode = rng.choice(ACTED)
    adjectives, verbs, nouns, _ = MODE_WORDS[mode]
    slots = {
        "mode": mode,
        "who": rng.choice(nouns),
        "adj": rng.choice([a for a in adjectives if " " not in a]),
        "vp": rng.choice(verbs).replace("the user", "me"),
    }
    if rng.random() < 0.45:
        role = rng.choice(ACTED_ROLES)
        slots |= {"role": role, "who": rng.choice(ROLES[role].nouns)}
    return slots


def _coin(rng: Random, held: bool) -> dict[str, str]:
    """Two tasks on the sides of a coin, one to the Assistant's taste and one not."""
    liked, disliked = draw("liked", rng, held), draw("disliked", rng, held)
    a, b = (liked, disliked) if rng.random() < 0.5 else (disliked, liked)
    side = rng.choice(("heads", "tails"))
    return {
        "liked": liked,
        "disliked": disliked,
        "a": a,
        "b": b,
        "side": side,
        "side_name": side,
        "winner": a if side == "heads" else b,
        "liked_side": "heads" if a == liked else "tails",
    }


def _task(rng: Random, held: bool) -> dict[str, str]:
    taste = rng.choice(("liked", "disliked"))
    return {"task": draw(taste, rng, held), "taste": taste}


def _pair(name: str, *keys: str):
    return lambda rng, held: dict(zip(keys, draw(name, rng, held).split("|")))


def _row(rows: list[list[str]], *keys: str):
    return lambda rng, held: dict(zip(keys, rng.choice(rows)))


def _fake(rng: Random, held: bool) -> dict[str, str]:
    return {"fake": fake_word(rng)}


MAKERS = {
    "harm": _harm,
    "judge": _judge,
    "choice": _choice,
    "coin": _coin,
    "coin_plan": _coin,
    "coin_toss": _coin,
    "task": _task,
    "madeup": _fake,
    "sad": _pair("sad", "feeling"),
    "worry": _pair("worries", "feeling"),
    "happy": _pair("happy", "feeling"),
    "claim": _pair("claims", "claim", "truth"),
    "true_claim": _pair("true_claims", "claim"),
    "unknown": _pair("unknown", "question", "answer", "what"),
    "name_greet": _pair("names", "name"),
    "unlisted_howto": _pair("unlisted_howtos", "task"),
    "person": _pair("people", "person"),
    "insult": _pair("insults", "insult"),
    "compliment": _pair("compliments", "compliment"),
    "you_do": _pair("you_do", "act"),
    "like": _pair("like_things", "thing"),
    "you_have": _pair("you_have", "thing"),
    "tongue": _pair("tongues", "phrase"),
    "cannot": _pair("cannot", "what"),
    "should": _pair("plans", "plan"),
    "why_fact": _row(WHYS, "q", "statement", "because"),
    "quiz": _row(QUIZ, "q", "answer"),
    "feel": _row(FEELINGS, "state", "advice"),
    "howto": _row([[do, *steps] for do, steps in HOWTOS.items()], "do", "s1", "s2", "s3"),
    "meal": lambda rng, held: {"meal": rng.choice(WORDS["meals"])},
    "pastime": lambda rng, held: {"pastime": rng.choice(WORDS["pastimes"])},
    "garbled": lambda rng, held: {"garble": draw("garble", rng, held), "garble2": fake_word(rng)},
    "unlisted": lambda rng, held: (lambda t: {"thing": t, "bare_thing": bare(t)})(draw("unlisted", rng, held)),
    "sum": lambda rng, held: _sum(rng),
    "compare": lambda rng, held: _compare(rng),
    "favourite": lambda rng, held: _favourite(rng),
    "be": lambda rng, held: _be(rng),
}


def make_slots(intent: str, rng: Random, topic: str | None = None, held_out: bool = False) -> dict[str, str]:
    """The subject matter of one turn; ``held_out`` draws from the entries that training never sees."""
    if intent in ABOUT_TOPIC:
        slots = topic_slots(topic or rng.choice(TOPIC_NAMES), rng)
        if intent == "detail":
            slots["thing"] = draw("unlisted", rng, held_out)
        return slots | _story(rng) if intent == "story" else slots
    return MAKERS[intent](rng, held_out) if intent in MAKERS else {}
