"""The bars: what bivy is to reach, and whether a run's results reach it.

A bar against a kind of peer is one against each of them that took part: the best counts.
"""

from .measure import median, ratio

ANY = "*"  # whichever peer is best


class Bar:
    """OURS of a row over the PEER's is to be at most AT_MOST, or without a peer the value itself. SHARE is how people write it.

    For rows where more is better it is the peer's over ours."""

    def __init__(self, row, peer, at_most, share=None, subject="bivy", count=None):
        self.row, self.peer, self.at_most, self.subject, self.count = row, peer, at_most, subject, count
        self.share = share or f"{at_most:g}"


BARS = (
    Bar("runtime.true", "floor", 2, subject="bivy-runtime"),
    Bar("runtime.true", "runc", 1 / 8, "1/8", subject="bivy-runtime"),
    Bar("start.warm", "floor", 3),
    Bar("start.warm", "docker", 1 / 40, "1/40"),
    Bar("start.warm", "podman", 1 / 30, "1/30"),
    Bar("start.cold", "docker", 1 / 20, "1/20"),
    Bar("start.cold", "podman", 1 / 15, "1/15"),
    Bar("http.first", "docker", 1 / 15, "1/15"),
    Bar("exec.true", "docker", 1 / 10, "1/10"),
    Bar("growth.ratio", None, 1.3, count=1000),
    Bar("growth.pss", None, 500),
    Bar("parallel.all", "docker", 1 / 15, "1/15", count=200),
    Bar("store.load", "tar", 1.2),
    Bar("store.load", "docker", 1 / 3, "1/3"),
    Bar("store.load", "podman", 1 / 2, "1/2"),
    Bar("store.pull", "docker", 1 / 3, "1/3"),
    Bar("store.again", None, 30),
    Bar("build.cached", None, 15),
    Bar("build.cached", ANY, 1 / 5, "1/5"),
    Bar("build.cold", ANY, 1 / 4, "1/4"),
    Bar("network.out", "docker", 1),
    Bar("network.between", "docker", 1),
    Bar("network.latency", "docker", 1),
    Bar("api.ping", "docker", 1),
    Bar("api.list", "docker", 1),
    Bar("api.idle", None, 5),
)


def kind_of(key):
    return key.partition("@")[0]


def rivals(row, bar):
    """The peers that the bar is meant for, as far as they took part."""
    return [key for key, values in row["values"].items()
            if values and kind_of(key) != bar.subject and (kind_of(key) == bar.peer or bar.peer == ANY)]


def judge(rows):
    """A list of what became of each bar that can be judged: row, peer, bar, value, met."""
    by_key, verdicts = {row["key"]: row for row in rows}, []
    for bar in BARS:
        row = by_key.get(bar.row)
        ours = row and row["values"].get(bar.subject)
        if not ours:
            continue
        if bar.peer is None:
            found = [(None, median(ours))]
        else:
            found = []
            for peer in rivals(row, bar):
                theirs = row["values"][peer]
                value = ratio(ours, theirs) if row["more"] else ratio(theirs, ours)
                if value is not None:
                    found.append((peer, value))
        if found:
            peer, value = max(found, key=lambda pair: pair[1])
            verdicts.append({"row": bar.row, "title": row["title"], "subject": bar.subject, "peer": peer, "bar": bar.at_most, "share": bar.share,
                             "unit": row["unit"] if peer is None else None, "value": value, "met": value <= bar.at_most,
                             "asked_of": bar.count, "count": row.get("count")})
    return verdicts
