"""The generator: a seed is a dialogue, in any process, and what is held out is not written for training."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from world import has_definition, sample, sample_corpus

HERE = Path(__file__).parent.parent


def digest(seed: int) -> str:
    """Of 200 dialogues, half of each phase."""
    rng = Random(seed)
    return hashlib.sha256(
        repr([sample_corpus(rng, phase) for phase in ("base", "assistant") * 100]).encode()
    ).hexdigest()


def test_a_seed_gives_the_same_dialogues_in_processes_that_hash_otherwise() -> None:
    code = "import test_world; print(test_world.digest(7))"
    path = os.pathsep.join([str(HERE), str(HERE / "tests")])
    found = set()
    for hash_seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
        found.add(
            subprocess.run(
                [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
            ).stdout.strip()
        )
    assert found == {digest(7)}
    assert digest(8) not in found


@pytest.mark.parametrize("phase", ["base", "assistant"])
def test_turns_alternate_and_nothing_is_empty(phase: str) -> None:
    rng = Random(3)
    for _ in range(300):
        dialogue = sample_corpus(rng, phase)
        assert 1 <= len(dialogue.turns) <= 8
        assert all(turn.user.strip() and turn.reply.strip() for turn in dialogue.turns)


def test_held_out_pairs_ask_for_the_definition_of_their_topic() -> None:
    rng = Random(5)
    plain = [sample(rng, "assistant", kind="none", held_out=True, n_turns=1).turns[0] for _ in range(50)]
    assert all(turn.intent == "define" and has_definition(turn.reply, turn.slots["topic"]) for turn in plain)
