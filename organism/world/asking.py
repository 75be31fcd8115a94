"""How a user puts it: a question in words, with greetings, lower case and typos."""

from __future__ import annotations

from random import Random

from .tables import read_sections
from .template import Filled, fill, fix_articles, upper_first

QUESTIONS = read_sections("questions.txt")
GREETINGS = ("hello", "hi", "hey", "hello there", "good morning", "good evening", "hi there", "hey there", "good day")
SHORT = frozenset(
    "greet how_are_you name_greet bye thanks garbled tongue ack crisis more why again shorter another and_topic unbe".split()
)
CONTRACTIONS = (
    ("you are", "you're"),
    ("I am", "I'm"),
    ("i am", "i'm"),
    ("What is", "What's"),
    ("what is", "what's"),
    ("do not", "don't"),
    ("cannot", "can't"),
    ("does not", "doesn't"),
    ("favorite", "favourite"),
    ("Let us", "Let's"),
    ("let us", "let's"),
    ("color", "colour"),
    ("I have", "I've"),
)
AT_START = ("feeling", "flaw", "claim", "question")


def add_noise(text: str, rng: Random) -> str:
    """Lower case, lost punctuation or a small typo in a quarter of the messages."""
    if rng.random() > 0.25:
        return text
    draw = rng.random()
    if draw < 0.8:
        text = text.lower()
    if draw < 0.55:
        text = text.rstrip(".?!")
    elif draw < 0.65:
        text = text.replace(",", "").replace(".", "").replace("?", "")
    if draw > 0.75 or draw < 0.12:
        words = text.split(" ")
        i = rng.randrange(len(words))
        w = words[i]
        if len(w) > 4 and w.isalpha():
            j = rng.randrange(1, len(w) - 2)
            words[i] = w[:j] + w[j + 1] + w[j] + w[j + 2 :] if rng.random() < 0.6 else w[:j] + w[j + 1 :]
        text = " ".join(words)
    if draw > 0.6:
        for long, short in CONTRACTIONS:
            text = text.replace(long, short)
    return text


def word_question(intent: str, slots: dict[str, str], rng: Random) -> str:
    """The user's message, without a greeting."""
    template = rng.choice(QUESTIONS["recall_name" if intent == "no_name" else intent])
    filled = Filled(slots)
    while "{plural}" in template and filled["plural"] == filled["topic"]:  # what cannot be counted
        template = rng.choice(QUESTIONS[intent])
    for key in AT_START:
        at = template.find("{" + key + "}")
        if key in filled and (at == 0 or template[at - 2 : at] in (". ", "? ", "! ")):
            filled[key] = upper_first(filled[key])
    if "{a}{op}{b}" in template and filled["op"].isalpha() and len(filled["op"]) > 1:
        template = template.replace("{a}{op}{b}", "{a} {op} {b}")
    text = fix_articles(fill(template, filled, rng))
    return text if template[:1].islower() or intent == "garbled" else upper_first(text)


def _lower_start(text: str) -> str:
    first = text.split(" ", 1)[0].rstrip(",.!?")
    return text if first == "I" or first.isupper() else text[:1].lower() + text[1:]


def write_message(text: str, intent: str, cue: str | None, rng: Random) -> str:
    """The message with a greeting now and then; ``cue`` names the one who is greeted."""
    hello = upper_first(rng.choice(GREETINGS))
    if cue is not None:
        text = f"{hello} {cue}!" if intent == "greet" else f"{hello} {cue}. {text}"
    elif intent not in SHORT and rng.random() < 0.07:
        text = f"{hello}, {_lower_start(text)}" if rng.random() < 0.4 else f"{hello}{rng.choice('!.')} {text}"
    return add_noise(text, rng)


def join_questions(first: str, second: str, rng: Random) -> str:
    """Two questions in one message."""
    draw = rng.random()
    if draw < 0.4:
        return f"{first} {second}"
    if draw < 0.7 or first[-1:] not in "?." or first.count(".") > 1:
        return f"{first} And {_lower_start(second)}"
    return f"{first[:-1]} and {_lower_start(second)}"
