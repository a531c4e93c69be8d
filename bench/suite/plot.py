"""Curves as SVG: axes, units, a legend, and colours for light and dark surroundings. Nothing but text comes in, nothing but text comes out."""

import math
from xml.sax.saxutils import escape, quoteattr

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 76, 150, 56, 56
# Light and dark: apart from each other for those who see colours differently, too (after Okabe and Ito), and by dashes.
COLOURS = (("#0072b2", "#56b4e9"), ("#d55e00", "#ff8c42"), ("#007a5a", "#2fc79a"), ("#aa4499", "#e59bd0"), ("#8a6d00", "#f0e442"), ("#555555", "#bbbbbb"),
           ("#882255", "#ff7fae"), ("#333399", "#a5a5ff"))
DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 4", "1 2", "6 2 1 2")
STYLE = """
svg { font-family: system-ui, "DejaVu Sans", "Helvetica Neue", sans-serif; }
.back { fill: %(back)s; } .grid { stroke: %(grid)s; stroke-width: 1; } .axis { stroke: %(ink)s; stroke-width: 1.2; fill: none; }
text { fill: %(ink)s; font-size: 13px; } .title { font-size: 16px; font-weight: 600; } .quiet { fill: %(quiet)s; font-size: 12px; }
path.line { fill: none; stroke-width: 2; stroke-linejoin: round; } path.ours { stroke-width: 3.2; } path.lead { fill: none; stroke-width: 1; stroke-opacity: 0.5; }
"""
LIGHT = {"back": "#ffffff", "grid": "#e3e3e3", "ink": "#1f2328", "quiet": "#59636e"}
DARK = {"back": "#0d1117", "grid": "#2b323b", "ink": "#e6edf3", "quiet": "#9198a1"}


def number(value):
    if value >= 10000:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:g}"


def step(span, wanted):
    """A round number that divides SPAN in about WANTED parts: 1, 2 or 5 times a power of ten."""
    rough = span / wanted
    power = 10 ** math.floor(math.log10(rough))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= rough * 0.999)


def linear_ticks(high, wanted=6):
    """Marks from 0 to at least HIGH."""
    high = high if high > 0 else 1
    size = step(high, wanted)
    return [round(size * i, 10) for i in range(math.ceil(high / size - 1e-9) + 1)]


def logarithmic_ticks(low, high):
    """Marks of 1, 2 and 5 that have LOW and HIGH between them; fewer where they would be many."""
    marks = [n * 10.0**power for power in range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1) for n in (1, 2, 5)]
    first = max(i for i, mark in enumerate(marks) if mark <= low * 1.0001)
    last = min(i for i, mark in enumerate(marks) if mark >= high * 0.9999)
    return [round(mark, 9) for mark in marks[first:max(last, first + 1) + 1]]


class Axis:
    """From values to places."""

    def __init__(self, ticks, begin, end, logarithmic=False):
        self.ticks, self.begin, self.end, self.scale = ticks, begin, end, math.log10 if logarithmic else float

    def at(self, value):
        low, high = self.scale(self.ticks[0]), self.scale(self.ticks[-1])
        share = (self.scale(max(value, self.ticks[0])) - low) / (high - low)
        return self.begin + share * (self.end - self.begin)


def spread_labels(places, gap=16):
    """The same order, no two nearer than GAP, each as near to where it belongs as goes on from the first."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    result, last = list(places), -math.inf
    for i in order:
        result[i] = last = max(places[i], last + gap)
    over = last - (HEIGHT - BOTTOM) if places else 0
    if over > 0:
        last = math.inf
        for i in reversed(order):
            result[i] = last = min(result[i], (HEIGHT - BOTTOM) if last is math.inf else last - gap)
    return result


def style(number_of_series, theme=None):
    """THEME: light, dark or, for None, whichever the reader has."""
    def line(i, index):
        colour = COLOURS[i % len(COLOURS)][index]
        return f".s{i} {{ stroke: {colour}; }} .t{i} {{ fill: {colour}; font-weight: 600; }}\n"

    def lines(colours, index):
        return STYLE % colours + "".join(line(i, index) for i in range(number_of_series))

    if theme:
        return lines(LIGHT if theme == "light" else DARK, theme == "dark")
    return lines(LIGHT, 0) + "@media (prefers-color-scheme: dark) {" + lines(DARK, 1) + "}\n"


def draw(title, subtitle, x_title, y_title, series, logarithmic=False, theme=None):
    """SERIES: name -> points (x, y), in the order of x; the first is drawn strongest, below the others, so that none is hidden. Returns the text of the picture."""
    series = {name: [(x, y) for x, y in points if not logarithmic or y > 0] for name, points in series.items()}
    series = {name: points for name, points in series.items() if points}
    xs = [x for points in series.values() for x, _ in points] or [1]
    ys = [y for points in series.values() for _, y in points] or [1]
    x_axis = Axis(linear_ticks(max(xs), 8), LEFT, WIDTH - RIGHT)
    y_ticks = logarithmic_ticks(min(ys), max(ys)) if logarithmic else linear_ticks(max(ys))
    y_axis = Axis(y_ticks, HEIGHT - BOTTOM, TOP, logarithmic)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label={quoteattr(title)}>',
           f"<title>{escape(title)}</title>", f"<style>{style(len(series), theme)}</style>", f'<rect class="back" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
           f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>', f'<text class="quiet" x="{LEFT}" y="42">{escape(subtitle)}</text>']
    for tick in y_axis.ticks:
        y = y_axis.at(tick)
        out += [f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>', f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number(tick)}</text>']
    for tick in x_axis.ticks:
        x = x_axis.at(tick)
        out += [f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>',
                f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{number(tick)}</text>']
    out += [f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>',
            f'<text class="quiet" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 16}" text-anchor="middle">{escape(x_title)}</text>',
            f'<text class="quiet" transform="translate(20 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">{escape(y_title)}</text>']
    labels = spread_labels([y_axis.at(points[-1][1]) for points in series.values()])
    for i, (name, points) in enumerate(series.items()):
        path = "L".join(f"{x_axis.at(x):.1f} {y_axis.at(y):.1f}" for x, y in points)
        dash = DASHES[i % len(DASHES)]
        end, last = x_axis.at(points[-1][0]), y_axis.at(points[-1][1])
        if len(points) == 1:
            out.append(f'<circle class="t{i}" cx="{end:.1f}" cy="{last:.1f}" r="3"/>')
        out += [f'<path class="line s{i}{" ours" if i == 0 else ""}" d="M{path}"{f" stroke-dasharray={quoteattr(dash)}" if dash else ""}/>',
                f'<path class="lead s{i}" d="M{end + 3:.1f} {last:.1f}L{WIDTH - RIGHT + 10} {labels[i]:.1f}"/>',
                f'<text class="t{i}" x="{WIDTH - RIGHT + 14}" y="{labels[i] + 4:.1f}">{escape(name)}</text>']
    return "\n".join([*out, "</svg>"]) + "\n"
