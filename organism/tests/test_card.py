"""Tables in the notes: a section is replaced between its markers, and nothing else is touched."""

from pathlib import Path

import card
import pytest


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "NOTES.md"
    path.write_text("Before.\n<!-- a -->\nold\n<!-- /a -->\nBetween.\n<!-- b -->\nkept\n<!-- /b -->\n")
    monkeypatch.setattr(card, "NOTES", path)
    return path


def test_a_section_is_replaced_as_often_as_it_is_written(notes: Path) -> None:
    for text in ("| x |\n| --- |", "new"):
        card.write_section("a", text)
    want = "Before.\n<!-- a -->\nnew\n<!-- /a -->\nBetween.\n<!-- b -->\nkept\n<!-- /b -->\n"
    assert notes.read_text() == want


@pytest.mark.parametrize("text", ["", "<!-- a -->", "<!-- a --><!-- /a --><!-- a --><!-- /a -->"])
def test_notes_without_the_section_stay_as_they_are(notes: Path, text: str) -> None:
    notes.write_text(text)
    with pytest.raises(ValueError, match="<!-- a -->"):
        card.write_section("a", "new")
    assert notes.read_text() == text


def test_an_interval_of_wilson_s() -> None:
    # Newcombe 1998, table I, 81 of 263 and 0 of 20.
    assert card.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert card.wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
