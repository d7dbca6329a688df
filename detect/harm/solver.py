"""Logistic regression on sparse rows: L-BFGS (Nocedal 1980) and calibration, in numpy alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_LEAST_ROUNDS, _ROUNDS = 5, 40
_MEMORY = 8
_FLAT = 1e-4
_ARMIJO = 1e-4
_HALVINGS = 20


class Design:
    """A sparse matrix: value ``values[i]`` at (``row[i]``, ``column[i]``), rows in order."""

    def __init__(
        self,
        row: NDArray[np.int64],
        column: NDArray[np.int64],
        values: NDArray[np.float32],
        rows: int,
        columns: int,
    ) -> None:
        self.row, self.column, self.values = row, column, values
        self.rows, self.columns = rows, columns

    def only(self, rows: NDArray[np.int64]) -> Design:
        """The matrix of some rows, given in rising order."""
        number = np.full(self.rows, -1, np.int64)
        number[rows] = np.arange(len(rows))
        kept = number[self.row] >= 0
        return Design(
            number[self.row[kept]],
            self.column[kept],
            self.values[kept],
            len(rows),
            self.columns,
        )

    @cached_property
    def _turned(self) -> Design:
        """The transpose."""
        order = np.argsort(self.column, kind="stable")
        return Design(
            self.column[order], self.row[order], self.values[order], self.columns, self.rows
        )

    @cached_property
    def _runs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows that hold anything, and where each begins."""
        starts = np.flatnonzero(np.diff(self.row, prepend=-1))
        return self.row[starts], starts

    def times(self, weights: Floats) -> Floats:
        """The product with a dense matrix of one row a column."""
        found = np.zeros((self.rows, weights.shape[1]))
        rows, starts = self._runs
        if len(starts):
            spread: NDArray[np.float32] = (
                weights.astype(np.float32)[self.column] * self.values[:, None]
            )
            found[rows] = np.add.reduceat(spread, starts, axis=0)
        return found

    def turned_times(self, dense: Floats) -> Floats:
        """The product of the transpose with a dense matrix of one row a row."""
        return self._turned.times(dense)


def telling(design: Design, target: Floats) -> Floats:
    """How much each column tells of each class: logarithms of ratios of naive Bayes.

    Weights that are multiples of them learn more from few rows (Wang and Manning 2012).
    """
    ones = Design(
        design.row, design.column, np.ones_like(design.values), design.rows, design.columns
    )
    inside = ones.turned_times(target) + 1.0
    outside = ones.turned_times(1.0 - target) + 1.0
    ratio = np.log((inside / inside.sum(axis=0)) / (outside / outside.sum(axis=0)))
    found: Floats = np.abs(ratio)
    return found


def fit(
    design: Design,
    target: Floats,
    penalty: float,
    *,
    softmax: bool,
    scale: Floats | None = None,
    worth: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Weights and bias of the penalised maximum likelihood.

    Args:
        target: 1 where a row is of a class, 0 elsewhere.
        penalty: of the squared weights, over the summed loss.
        softmax: whether a row is of exactly one class; else each is decided by itself.
        scale: what each weight is a multiple of; the penalty is on the multiples.
        worth: how much each cell of the target counts.
    """
    heed = np.ones((design.rows, 1)) if worth is None else worth
    size_of = 1.0 if scale is None else scale
    classes = int(target.shape[1])
    size = design.columns * classes

    def loss(point: Floats) -> tuple[float, Floats]:
        weights: Floats = point[:size].reshape(design.columns, classes)
        logits = design.times(weights * size_of) + point[size:]
        each, slope = _losses(logits, target, softmax=softmax)
        slope = slope * heed
        value = float((each * heed).sum())
        value += penalty / 2 * float((weights**2).sum())
        gradient: Floats = design.turned_times(slope) * size_of + penalty * weights
        bias: Floats = slope.sum(axis=0)
        return value, np.concatenate([gradient.ravel(), bias])

    start: Floats = np.zeros(size + classes)
    point = minimise(loss, start)
    found: Floats = point[:size].reshape(design.columns, classes) * size_of
    return found, point[size:]


def _losses(logits: Floats, target: Floats, *, softmax: bool) -> tuple[Floats, Floats]:
    """Negative log-likelihood of each cell and its slope in the logits."""
    if softmax:
        shifted = logits - logits.max(axis=1, keepdims=True)
        total = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return (total - shifted) * target, np.exp(shifted - total) - target
    value: Floats = np.logaddexp(0.0, logits) - target * logits
    return value, 1 / (1 + np.exp(-np.clip(logits, -60, 60))) - target


def calibrate(
    logits: Floats, target: Floats, *, softmax: bool, shift: Floats | None = None
) -> float:
    """What to multiply logits by, judged by rows not learnt from (Guo et al. 2017).

    Args:
        shift: what is added to the logits afterwards.
    """
    scales: list[float] = [0.2 * 30.0 ** (step / 119) for step in range(120)]
    more = 0.0 if shift is None else shift
    found = [
        float(_losses(logits * scale + more, target, softmax=softmax)[0].sum())
        for scale in scales
    ]
    return scales[found.index(min(found))]


def minimise(function: Callable[[Floats], tuple[float, Floats]], start: Floats) -> Floats:
    """A smooth convex function's minimum by L-BFGS with backtracking."""
    point = start
    value, gradient = function(point)
    steps: list[tuple[Floats, Floats]] = []
    for number in range(_ROUNDS):
        direction = -_along(gradient, steps)
        slope = float(direction @ gradient)
        length = 1.0 if steps else 1.0 / max(1.0, float(np.abs(gradient).sum()))
        for _ in range(_HALVINGS):
            fresh, after = function(point + length * direction)
            if fresh <= value + _ARMIJO * length * slope:
                break
            length /= 2
        else:
            return point
        step, change = length * direction, after - gradient
        if float(step @ change) > 0:
            steps = [*steps[-_MEMORY + 1 :], (step, change)]
        point = point + step
        # The first steps only find out how long a step should be.
        done = number >= _LEAST_ROUNDS and value - fresh < _FLAT * abs(value)
        value, gradient = fresh, after
        if done:
            break
    return point


def _along(gradient: Floats, steps: list[tuple[Floats, Floats]]) -> Floats:
    """The gradient through the inverse Hessian that the last steps tell of."""
    found = gradient.copy()
    factors: list[float] = []
    for step, change in reversed(steps):
        factor = float(step @ found) / float(step @ change)
        factors.append(factor)
        found -= factor * change
    if steps:
        step, change = steps[-1]
        found *= float(step @ change) / float(change @ change)
    for (step, change), factor in zip(steps, reversed(factors), strict=True):
        found += step * (factor - float(change @ found) / float(step @ change))
    return found
