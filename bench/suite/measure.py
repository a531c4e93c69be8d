"""Times of several candidates side by side, and what they say: medians, how sure they are, ratios of pairs.

Whatever the machine does meanwhile is to meet all alike: each round has every candidate once, in an order of its own, so that nobody
always comes after the same one and what that leaves to be done; and the ratio of two candidates is the median of their ratios round
by round, not the ratio of medians of different moments.
"""

import math
import random


class Failure(Exception):
    """What was to be measured did not work; the text says why, in one line."""


def quantile(values, q):
    """Of at least one value; between two neighbours in proportion."""
    ordered = sorted(values)
    at = (len(ordered) - 1) * q
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def median(values):
    return quantile(values, 0.5)


def interval(values):
    """Two of the values between which the true median is with at least 95 %, whatever the distribution; the extremes if there
    are too few for that."""
    ordered = sorted(values)
    n = len(ordered)
    # The number of values below the true median is binomial; as many as may be are left out at either end.
    left_out, tail = -1, 0.0
    while left_out + 1 < n // 2:
        tail += math.comb(n, left_out + 1) / 2**n
        if tail > 0.025:
            break
        left_out += 1
    left_out = max(left_out, 0)
    return ordered[left_out], ordered[n - 1 - left_out]


def pairs(ours, theirs):
    """Ratios theirs : ours of the rounds that both have. Several values of one side against one of the other are compared with it."""
    if len(ours) != len(theirs):
        ours, theirs = [median(ours)], [median(theirs)]
    return [b / a for a, b in zip(ours, theirs) if a > 0]


def ratio(ours, theirs):
    """How many times ours theirs is; None if that cannot be said. The middle of two is the geometric one: the other way round is its inverse."""
    logarithms = [math.log(r) for r in pairs(ours, theirs) if r > 0]
    return math.exp(median(logarithms)) if logarithms else None


def order(names, number):
    """The order of round NUMBER: by chance, and the same on each run."""
    return random.Random(number).sample(names, len(names))


def rounds(names, number, action, dropped=None, warm_up=True):
    """Name -> values of ACTION(name) of NUMBER rounds, after one that does not count.

    Who raises Failure is left out from there on, and DROPPED(name, failure) is told."""
    able, values = list(names), {name: [] for name in names}
    for at in range(-1 if warm_up else 0, number):
        for name in order(able, at):
            try:
                value = action(name)
            except Failure as failure:
                able.remove(name)
                del values[name]
                if dropped:
                    dropped(name, failure)
            else:
                if at >= 0:
                    values[name].append(value)
    return values


def ends(values, number=10):
    """Medians of the first and the last of values that came one after the other: at most NUMBER, and no value in both."""
    number = min(number, len(values) // 2)
    if not number:
        return None
    return median(values[:number]), median(values[-number:])


def thinned(points, number):
    """At most NUMBER points (x, y) of a curve, each the middle of its neighbours."""
    if len(points) <= number:
        return list(points)
    result = []
    for i in range(number):
        part = points[i * len(points) // number:(i + 1) * len(points) // number]
        result.append((part[len(part) // 2][0], median([y for _, y in part])))
    return result
