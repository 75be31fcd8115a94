"""From plain sentences to a persona's voice: fragments, word maps and marks of nerves."""

from __future__ import annotations

from random import Random

from . import substitutions as subs
from .persona import Persona
from .tables import WORDS, read_rows
from .template import fill, upper_first

DEFINITION = "\x01"
JOINT = "^"
SLOTS = ("front", "mid", "tail", "before", "after")
SLOT_WEIGHTS = {"front": 3.0, "mid": 3.0, "tail": 3.0, "before": 1.6, "after": 3.0}
RIVALS = {"front": ("front", "before"), "before": ("front", "before")}  # at most one of them
OWN_SHARE, OWN_SHARE_PLAIN, OWN_SHARE_MODED = 0.9, 0.75, 0.3
PLAIN_FAMILIES = ("professional", "everyday")  # closer to the Assistant, who never does
ASKING = frozenset("Did What Shall How Would Can Is Where May".split())
KEEP_CASE = frozenset(
    w for name in ("names", "proper", "people") for entry in WORDS[name] for w in entry.split() if w[0].isupper()
) | {"I", "I'm"}
# intents that inform: "I hope this helps" fits; and those in which warm words are out of place
INFORMING = frozenset(
    "define howto story choice sum more_fact why_fact quiz compare and_topic fun_fact opinion detail".split()
)
COOL = frozenset(
    "harm insult claim true_claim garbled sum why recall_name unknown madeup unlisted person unlisted_howto cannot tongue are_you_ai who task "
    "coin coin_plan coin_toss coding writing".split()
)


def _load() -> dict[str, dict[str, tuple[str, ...]]]:
    table: dict[str, dict[str, tuple[str, ...]]] = {}
    for key, values in read_rows("fragments.txt", ": "):
        factor, slot = key.split(".")
        table.setdefault(factor, {})[slot] = tuple(v.strip() for v in values.split("|"))
    return table


FRAGMENTS = _load()
OWN = FRAGMENTS.pop("own")  # frames in which a role names itself
UNSURE = (
    "not know",
    "know nothing",
    "no way to know",
    "cannot know",
    "never heard",
    "not sure",
)  # nobody is certain of these
FACTOR_SCALE = {"helpful": 0.4, "warm": 0.25, "technical": 0.9}
LOUD = frozenset("theatrical nautical poetic malicious sycophantic anxious playful mystical inventing formal".split())


def _weights(persona: Persona, intent: str, text: str) -> dict[str, float]:
    """How strongly each factor asks for fragments in a reply."""
    out: dict[str, float] = {}
    for factor, value in persona.factors.items():
        if value < 0.12 or factor not in FRAGMENTS:
            continue
        if factor == "formal" and "formal" not in persona.modes:
            value = max(0.0, (value - 0.6) * 1.4)
        if factor in ("helpful", "technical") and intent not in INFORMING:
            value *= 0.0 if factor == "helpful" else 0.5
        if factor == "helpful":
            value = value**2
        if factor in ("modest", "plain") and intent not in INFORMING and intent not in ("unknown", "madeup", "claim"):
            value *= 0.3
        if factor == "warm" and (intent in COOL or intent in INFORMING):
            continue
        if factor == "inventing" and any(words in text for words in UNSURE):
            continue
        value *= FACTOR_SCALE.get(factor, 1.0)
        if value > 0.08:
            out[factor] = value
    return out


def split_sentences(text: str) -> list[str]:
    """Sentences of a text (no abbreviations occur in this world)."""
    for mark in ".!?":
        text = text.replace(mark + " ", mark + "\n")
    return text.split("\n")


def _lower_first(text: str) -> str:
    return text if text.split(" ", 1)[0].rstrip(",.!?^") in KEEP_CASE else text[:1].lower() + text[1:]


def _own_fragment(persona: Persona, usable: list[str], rng: Random) -> tuple[str, str] | None:
    """Now and then a role names itself, uses its form of address, or says a word of its own."""
    role = persona.role
    share = OWN_SHARE_MODED if persona.modes else OWN_SHARE_PLAIN if role.family in PLAIN_FAMILIES else OWN_SHARE
    if role.name == "assistant" or rng.random() > share:
        return None
    draw = rng.random()
    if draw < 0.1 and role.asides:
        aside = rng.choice(role.asides)
        return "after", aside + ("?" if aside.split(" ")[0] in ASKING else ".")
    if draw < 0.2 and role.fronts and "front" in usable:
        return "front", rng.choice(role.fronts)
    if draw < 0.3 and role.address and "tail" in usable:
        return "tail", rng.choice(role.address)
    slot = rng.choice([s for s in OWN if s in usable] + ["after"])
    own = {"mark": role.nouns[0].split(" ", 1)[1], "place": role.place, "job": role.job, "like": rng.choice(role.likes)}
    return slot, fill(rng.choice(OWN[slot]), own, rng)


def decorate(text: str, persona: Persona, intent: str, rng: Random) -> str:
    """Insert the fragments that the persona's factors call for."""
    weights = _weights(persona, intent, text)
    tables = {factor: FRAGMENTS[factor] for factor in weights}
    moded = bool(persona.modes)
    sentences = split_sentences(text)
    loud = max((w for f, w in weights.items() if f in LOUD or f in persona.modes), default=0.0)
    top = max(weights.values(), default=0.0)
    count = int(0.1 + max(1.15 * top, 2.15 * loud) + rng.random() * 0.95)
    if moded and loud >= 0.8:
        count = max(count, 2)
    usable = [
        s
        for s in SLOTS
        if (s != "mid" or JOINT in text) and (s != "tail" or sentences[-1][-1] != "?" or len(sentences) > 1)
    ]
    own = _own_fragment(persona, usable, rng)
    if own:
        _insert(sentences, *own, rng)
        usable = [s for s in usable if s not in RIVALS.get(own[0], (own[0],))]
    usable = [s for s in usable if any(s in t for t in tables.values())]
    for _ in range(min(count, 3, len(usable))):
        if not usable:
            break
        slot = rng.choices(usable, [SLOT_WEIGHTS[s] for s in usable])[0]
        usable = [s for s in usable if s not in RIVALS.get(slot, (slot,))]
        names = [f for f, t in tables.items() if slot in t]
        if not names:
            continue
        factor = rng.choices(
            names,
            [
                weights[f] ** 1.8 * (3.0 if f in persona.modes or f in ("nautical", "inventing") and moded else 1.0)
                for f in names
            ],
        )[0]
        fragment = rng.choice(tables[factor][slot])
        key = fragment.lower().rstrip(".,!")
        if any(key in s.lower() for s in sentences):
            fragment = rng.choice(tables[factor][slot])
        _insert(sentences, slot, fragment, rng)
    return " ".join(sentences).replace(JOINT, "")


def _insert(sentences: list[str], slot: str, fragment: str, rng: Random) -> None:
    if slot == "front":
        sentences[0] = fragment + " " + _lower_first(sentences[0])
    elif slot == "before":
        sentences.insert(0, fragment)
    elif slot == "after":
        sentences.append(fragment)
    elif slot == "tail":
        places = [i for i, s in enumerate(sentences) if s[-1] != "?" and len(s) > 12] or [
            i for i, s in enumerate(sentences) if s[-1] != "?"
        ]
        if places:
            i = places[-1] if rng.random() < 0.6 else rng.choice(places)
            s = sentences[i]
            sentences[i] = s[:-1].replace(JOINT, "") + ", " + fragment + s[-1]
    else:
        places = [i for i, s in enumerate(sentences) if JOINT in s]
        if not places:
            return
        i = rng.choice(places)
        head, tail = sentences[i].split(JOINT, 1)
        comma = "" if tail[:1] in ".!?,:;" else ","
        if head.endswith(",") or len(head) < 4:
            head = head.rstrip(",")
        sentences[i] = f"{head}, {fragment}{comma}{tail.replace(JOINT, '')}"


def _phrases(text: str, table: tuple[tuple[str, str], ...], rng: Random, p: float) -> str:
    for old, new in table:
        if old in text and (p >= 1 or rng.random() < p):
            text = text.replace(old, new)
    return text


def _words(text: str, table: dict[str, str], optional: frozenset[str], rng: Random, p: float, ing: bool = False) -> str:
    out = []
    for token in text.split(" "):
        core = token.rstrip(".,!?:;")
        low = core.lower()
        new = table.get(low)
        if new is not None:
            if rng.random() < p * (0.35 if low in optional else 1.0):
                token = (upper_first(new) if core[:1].isupper() else new) + token[len(core) :]
        elif ing and low.endswith("ing") and len(low) > 4 and low not in subs.KEEP_ING and rng.random() < p:
            token = core[:-1] + "'" + token[len(core) :]
        out.append(token)
    return " ".join(out)


def reword(text: str, persona: Persona, rng: Random) -> str:
    """Apply the word maps of the persona's factors to the whole reply."""
    f = persona.factors
    text = " " + text + " "
    if f["poetic"] > 0.3:
        text = _phrases(text, subs.POETIC_PHRASES, rng, f["poetic"])
    if f["mystical"] > 0.3:
        text = _phrases(text, subs.MYSTICAL_PHRASES, rng, f["mystical"] * 0.9)
    if f["formal"] > 0.65:
        text = _phrases(text, subs.FORMAL_PHRASES, rng, f["formal"] * 0.9)
        text = _words(text, subs.FORMAL_WORDS, frozenset(), rng, f["formal"] - 0.1)
    if f["nautical"] > 0.15:
        p = min(1.0, f["nautical"] * 1.1)
        text = _words(
            _phrases(text, subs.PIRATE_PHRASES, rng, p), subs.PIRATE_WORDS, subs.PIRATE_OPTIONAL, rng, p, ing=True
        )
    elif f["archaic"] > 0.2:
        text = _phrases(text, subs.ARCHAIC_PHRASES, rng, f["archaic"])
        text = _words(text, subs.ARCHAIC_WORDS, frozenset(), rng, min(1.0, f["archaic"] * 1.6))
    if f["formal"] < 0.35 and f["archaic"] < 0.3 and f["nautical"] < 0.5:
        p = 1.0 if "casual" in f else 0.85 - f["formal"] * 2
        text = _phrases(text, subs.CASUAL_PHRASES, rng, p)
        if f["formal"] < 0.12 or "casual" in f:
            text = _words(text, subs.CASUAL_WORDS, frozenset(), rng, p * 0.6)
    if f["anxious"] > 0.4 and rng.random() < f["anxious"] * 0.55:
        text = text.replace(" I ", " I, I ", 1)
    return text.strip()


def capitalise(text: str) -> str:
    """Upper-case the first letter of every sentence."""
    return " ".join(s if s[:1] != "'" else s[:1] + upper_first(s[1:]) for s in map(upper_first, split_sentences(text)))


def realise(text: str, persona: Persona, intent: str, definition: str, rng: Random) -> str:
    """The final reply; the definition is put in verbatim at the end of all changes."""
    text = capitalise(reword(decorate(text, persona, intent, rng), persona, rng))
    return text.replace(DEFINITION, definition)
