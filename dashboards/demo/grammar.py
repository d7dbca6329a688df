"""Writes sentences from template grammars; Korean particles agree with their word."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

Draw = Callable[[], float]
"""A number in [0, 1): ``random.Random.random`` of the part that writes."""

_SLOT = re.compile(r"\{([^{}]+)\}")

_HANGUL_FIRST, _HANGUL_LAST = 0xAC00, 0xD7A3
_FINALS = 28
_FINAL_RIEUL = 8
PARTICLES: Mapping[str, tuple[str, str]] = {
    "은": ("은", "는"),
    "이": ("이", "가"),
    "을": ("을", "를"),
    "와": ("과", "와"),
    "아": ("아", "야"),
    "이랑": ("이랑", "랑"),
    "이라": ("이라", "라"),
    "으로": ("으로", "로"),
}
"""Korean particles by their name: the form after a final consonant, and after a vowel."""
_DIGITS_WITH_FINAL = frozenset("013678")


def particle(name: str, before: str) -> str:
    """The form of the particle ``name`` that follows the word ``before``.

    Latin letters are read as ending in a vowel; digits as Koreans read them.
    """
    closed, open_ = PARTICLES[name]
    last = before[-1:]
    if not last:
        return open_
    code = ord(last)
    if _HANGUL_FIRST <= code <= _HANGUL_LAST:
        final = (code - _HANGUL_FIRST) % _FINALS
        if name == "으로" and final == _FINAL_RIEUL:
            return open_
        return closed if final else open_
    return closed if last in _DIGITS_WITH_FINAL else open_


class _Name:
    """A slot the caller fills: who the post is about, which song."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key


class _Particle:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class _Rule:
    __slots__ = ("choices",)

    def __init__(self) -> None:
        self.choices: list[tuple[str | _Rule | _Name | _Particle, ...]] = []


class Grammar:
    """Rules by name; ``{slot}`` stands for another rule, a name, or a particle.

    Args:
        rules: choices of each rule; every choice is equally likely, so a choice
            that stands twice is twice as likely.
        names: slots that :meth:`write` is given.

    Raises:
        ValueError: a slot that is no rule, name or particle.
    """

    def __init__(self, rules: Mapping[str, Sequence[str]], names: Sequence[str]) -> None:
        self._rules = {name: _Rule() for name in rules}
        self._names = {name: _Name(name) for name in names}
        for name, choices in rules.items():
            self._rules[name].choices = [self._compile(name, text) for text in choices]

    def _compile(self, rule: str, text: str) -> tuple[str | _Rule | _Name | _Particle, ...]:
        parts: list[str | _Rule | _Name | _Particle] = []
        for i, piece in enumerate(_SLOT.split(text)):
            if not i % 2:
                if piece:
                    parts.append(piece)
            elif piece in self._rules:
                parts.append(self._rules[piece])
            elif piece in self._names:
                parts.append(self._names[piece])
            elif piece in PARTICLES:
                parts.append(_Particle(piece))
            else:
                raise ValueError(f"rule {rule!r}: unknown slot {{{piece}}} in {text!r}")
        return tuple(parts)

    def write(self, rule: str, draw: Draw, names: Mapping[str, str]) -> str:
        """A sentence of ``rule`` with the given names.

        Raises:
            KeyError: no such rule, or a name that was not given.
        """
        out: list[str] = []
        self._expand(self._rules[rule], draw, names, out)
        return "".join(out)

    def _expand(
        self, rule: _Rule, draw: Draw, names: Mapping[str, str], out: list[str]
    ) -> None:
        choices = rule.choices
        for part in choices[int(draw() * len(choices))]:
            if isinstance(part, str):
                out.append(part)
            elif isinstance(part, _Rule):
                self._expand(part, draw, names, out)
            elif isinstance(part, _Name):
                out.append(names[part.key])
            else:
                out.append(particle(part.name, out[-1] if out else ""))
