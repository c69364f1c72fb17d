"""Whether an answer is like a recorded one: equal, but for what no two runs share.

A recorded value may hold variables, ``${name}``. ``Likeness`` learns what they stand for from the
answers it is shown, and puts what it has learned into later requests. Ignorant of calls.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Difference:
    """One place where an answer is not like the recorded one."""

    where: str
    answered: Any
    recorded: Any

    def __str__(self):
        answered, recorded = (_short(value) for value in (self.answered, self.recorded))
        return f"{self.where or 'answer'}: {answered}, recorded {recorded}"


class Absent:
    def __repr__(self):
        return "nothing"


ABSENT = Absent()


@dataclass
class Likeness:
    """What the variables of one case stand for; starts with those that the replay invents."""

    known: dict[str, str] = field(default_factory=dict)

    def filled(self, value):
        """The value with all known variables replaced, keys of objects included."""
        if isinstance(value, str):
            if "${" not in value:
                return value
            return VARIABLE.sub(lambda found: self.known.get(found[1], found[0]), value)
        if isinstance(value, dict):
            return {self.filled(key): self.filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        return value

    def differences(self, recorded, answered, unordered=(), where=""):
        """Yield each place where the answer differs; learns the variables it passes."""
        if recorded == "${any}":
            return
        if isinstance(recorded, str) and isinstance(answered, str):
            if not self._text(recorded, answered):
                yield Difference(where, answered, self.filled(recorded))
        elif isinstance(recorded, dict) and isinstance(answered, dict):
            yield from self._object(recorded, answered, unordered, where)
        elif isinstance(recorded, list) and isinstance(answered, list):
            yield from self._list(recorded, answered, unordered, where)
        elif recorded != answered or isinstance(recorded, bool) != isinstance(answered, bool):
            yield Difference(where, answered, self.filled(recorded))

    def _object(self, recorded, answered, unordered, where):
        recorded = {self.filled(key): value for key, value in recorded.items()}
        for key, value in recorded.items():
            place = f"{where}.{key}" if where else key
            if key in answered:
                yield from self.differences(value, answered[key], unordered, place)
            else:
                yield Difference(place, ABSENT, self.filled(value))
        for key in answered.keys() - recorded.keys():
            yield Difference(f"{where}.{key}" if where else key, answered[key], ABSENT)

    def _list(self, recorded, answered, unordered, where):
        if len(recorded) != len(answered):
            yield Difference(where, answered, self.filled(recorded))
            return
        if where.rpartition(".")[2] in unordered:
            answered = self._paired(recorded, answered, unordered)
        for number, (one, other) in enumerate(zip(recorded, answered, strict=True)):
            yield from self.differences(one, other, unordered, f"{where}[{number}]")

    def _paired(self, recorded, answered, unordered):
        """The answered elements, each at the place of a recorded one that it is like."""
        left = list(answered)
        placed = []
        for element in recorded:
            likes = (
                index for index, other in enumerate(left) if self._alike(element, other, unordered)
            )
            placed.append(left.pop(next(likes, 0)))
        return placed

    def _alike(self, recorded, answered, unordered):
        guess = Likeness(dict(self.known))
        return not any(True for _ in guess.differences(recorded, answered, unordered))

    def _text(self, recorded, answered):
        if recorded == answered:
            return True
        folded = " ".join(answered.split())
        if "${" not in recorded:
            return " ".join(recorded.split()) == folded
        found = re.fullmatch(self._pattern(" ".join(recorded.split())), folded, re.DOTALL)
        if found is None:
            return False
        self.known.update(found.groupdict())
        return True

    def _pattern(self, recorded):
        pattern, new = "", set()
        for index, part in enumerate(VARIABLE.split(recorded)):
            if index % 2 == 0:
                pattern += re.escape(part)
            elif part == "any":
                pattern += ".*"
            elif part in self.known:
                pattern += re.escape(self.known[part])
            elif part in new:
                pattern += f"(?P={part})"
            else:
                new.add(part)
                pattern += f"(?P<{part}>.+?)"
        return pattern


def _short(value):
    text = repr(value) if value is ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 400 else f"{text[:400]}…"
