"""What the tests of this room share."""

import re
from html import unescape

import pytest

from course_utils.exercises import attempts, board, decorator, solved
from course_utils.learner import files


class Shown(list):
    """What was shown, in order: (HTML, plain text, data)."""

    @property
    def plain(self) -> str:
        return self[-1][1]

    @property
    def words(self) -> list[str]:
        """The words of the last card as a browser shows them, a piece between two tags each."""
        return [unescape(piece) for piece in re.split(r"<[^>]*>", self[-1][0]) if piece]


@pytest.fixture
def shown(monkeypatch):
    seen = Shown()
    for module in (attempts, board, decorator, solved, files):
        monkeypatch.setattr(module, "emit", lambda html, plain, data=None: seen.append((html, plain, data)))
    return seen
