"""The arithmetic of the dashboard. Pure: numbers in, numbers out.

Shares carry Wilson's interval, counts are judged by an over-dispersed Poisson model. All limits are at 95 %.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, fsum, inf, log, sqrt

Z = 1.959963984540054  # the 97.5th percentile of the standard normal distribution
SMALL = 10  # below this expectation the normal approximation is too coarse


@dataclass(frozen=True, kw_only=True)
class Interval:
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, kw_only=True)
class Rate:
    """`count` of `n`; without a share while `n` is 0."""

    count: int
    n: int

    @property
    def share(self) -> float | None:
        return self.count / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.count, self.n) if self.n else None


def wilson(count: int, n: int) -> Interval:
    """Wilson's score interval for a share, which behaves near 0 and 1 and for small `n` (Wilson 1927)."""
    if not 0 <= count <= n or n == 0:
        raise ValueError(f"{count} of {n} is not a share.")
    share, z2 = count / n, Z * Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    margin = Z * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    low = 0.0 if count == 0 else max(0.0, centre - margin)
    high = 1.0 if count == n else min(1.0, centre + margin)
    return Interval(low=low, high=high)


def poisson_interval(count: int) -> Interval:
    """Limits for the mean behind an observed count, by Byar's approximation (Breslow and Day 1987, p. 69)."""
    if count < 0:
        raise ValueError(f"{count} is not a count.")
    above = count + 1
    low = count * (1 - 1 / (9 * count) - Z / (3 * sqrt(count))) ** 3 if count else 0.0
    return Interval(low=max(0.0, low), high=above * (1 - 1 / (9 * above) + Z / (3 * sqrt(above))) ** 3)


def dispersion(cells: Iterable[Sequence[int]]) -> float:
    """How much wider than Poisson repeated counts scatter: Pearson's χ² by its degrees of freedom, at least 1.

    Each cell holds the counts of one kind of hour in several weeks; cells that were always empty say nothing.
    """
    chi2, freedom = 0.0, 0
    for counts in cells:
        mean = sum(counts) / len(counts) if counts else 0
        if mean:
            chi2 += sum((count - mean) ** 2 for count in counts) / mean
            freedom += len(counts) - 1
    return max(1.0, chi2 / freedom) if freedom else 1.0


def limits(expected: float, *, variance: float) -> Interval:
    """Where a count lies 95 times of 100: normal for large expectations, else Poisson or negative binomial quantiles."""
    if expected >= SMALL:
        margin = Z * sqrt(variance)
        return Interval(low=max(0.0, expected - margin), high=expected + margin)
    return Interval(
        low=count_quantile(0.025, mean=expected, variance=variance), high=count_quantile(0.975, mean=expected, variance=variance)
    )


def count_quantile(share: float, *, mean: float, variance: float) -> int:
    """The smallest count whose cumulated probability reaches `share`: Poisson, or negative binomial if wider."""
    if not 0 < share < 1:
        raise ValueError(f"{share} is not between 0 and 1.")
    if mean <= 0:
        return 0
    size = mean * mean / (variance - mean) if variance > mean * (1 + 1e-9) else inf
    chance = exp(-mean) if size == inf else exp(size * log(size / (size + mean)))
    cumulated, count = chance, 0
    while cumulated < share:
        # P(k+1)/P(k); for an infinite size this is Poisson's mean/(k+1)
        chance *= mean / (count + 1) if size == inf else (count + size) / (count + 1) * mean / (size + mean)
        count += 1
        cumulated += chance
        if chance < 1e-15 and count > mean:  # rounding has eaten the rest of the tail
            break
    return count


def weighted_quantile(share: float, values: Iterable[tuple[float, int]]) -> float | None:
    """The value at which `share` of the total weight is reached; `None` without weight."""
    ordered = sorted(values)
    total = sum(weight for _value, weight in ordered)
    reached = 0
    for value, weight in ordered:
        reached += weight
        if weight and reached >= share * total:
            return value
    return None


def mean(values: Sequence[int]) -> float:
    return fsum(values) / len(values)
