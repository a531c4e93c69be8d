"""Results as people read them: on a terminal and in Markdown."""

from .measure import interval, median, ratio

NONE = "-"


def number(value):
    """Three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def times(value):
    return f"{number(value)}x"


def part(value):
    """A ratio as people say it: 3.1x, or 1/21."""
    return f"1/{number(1 / value)}" if 0 < value < 0.8 else times(value)


def columns(rows):
    """All engines of some rows, in the order in which they appear; ours and the floor first."""
    found = []
    for row in rows:
        found += [key for key in row["values"] if key not in found]
    return sorted(found, key=lambda key: (key not in ("floor",), not key.startswith("bivy"), found.index(key)))


def subject(row):
    """Whose values the others' are held against."""
    return next((key for key in row["values"] if key.startswith("bivy")), None)


def cell(row, key):
    """The median, and for peers how many times better ours is."""
    values = row["values"].get(key)
    if not values:
        return NONE
    text, ours = number(median(values)), row["values"].get(subject(row))
    if key == subject(row) or not ours or not row["compared"]:
        return text
    beside = ratio(values, ours) if row["more"] else ratio(ours, values)
    return f"{text} ({part(beside)})" if beside is not None else text


def parts(rows):
    """The rows of runtimes, and those of engines: tables of their own, since others took part."""
    found = [[row for row in rows if subject(row) == "bivy-runtime"], [row for row in rows if subject(row) != "bivy-runtime"]]
    return [part for part in found if part]


def grid(rows):
    """Lines of cells, the first the head."""
    keys = columns(rows)
    return [["", "", *keys]] + [[row["title"], row["unit"], *(cell(row, key) for key in keys)] for row in rows]


def text(rows):
    return "\n\n".join(text_part(part) for part in parts(rows))


def text_part(rows):
    lines = grid(rows)
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) if i < 2 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))).rstrip()
                     for line in lines)


def markdown(rows):
    return "\n\n".join(markdown_part(part) for part in parts(rows))


def markdown_part(rows):
    lines = grid(rows)
    mark = ["|---|---|" + "---:|" * (len(lines[0]) - 2)]
    drawn = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join(drawn[:1] + mark + drawn[1:])


def spread(row):
    """How sure the median of each is, for who wants to know."""
    return {key: interval(values) for key, values in row["values"].items() if values}


def verdict(judged):
    """(what, bar, reached, word) of a bar."""
    if judged["peer"] is None:
        unit = judged["unit"]
        what, bar, value = judged["title"], f"{judged['bar']:g} {unit}", f"{number(judged['value'])} {unit}"
    else:
        what, bar, value = f"{judged['title']}: {judged['subject']} to {judged['peer']}", judged["share"], part(judged["value"])
    word = "met" if judged["met"] else "MISSED"
    if judged["asked_of"] and judged["asked_of"] != judged["count"]:
        word += f" with {judged['count']}, asked of {judged['asked_of']}"
    return [what, bar, value, word]


def bars_text(verdicts):
    lines = [["", "at most", "is", ""]] + [verdict(v) for v in verdicts]
    widths = [max(len(line[i]) for line in lines) for i in range(4)]
    return "\n".join("  ".join([line[0].ljust(widths[0]), line[1].rjust(widths[1]), line[2].rjust(widths[2]), line[3]]).rstrip() for line in lines)


def bars_markdown(verdicts):
    lines = [["bar", "at most", "is", ""]] + [verdict(v) for v in verdicts]
    drawn = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join(drawn[:1] + ["|---|---:|---:|---|"] + drawn[1:])
