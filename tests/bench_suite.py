#!/usr/bin/env python3
"""What bench/run makes of the values that it measured: statistics, bars, tables, pictures. Nothing is measured.

usage: bench_suite.py SOURCE-DIRECTORY
"""

import os
import pathlib
import random
import re
import sys
import tempfile
import xml.etree.ElementTree as xml

sys.dont_write_bytecode = True
SOURCE = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
sys.path.insert(0, str(SOURCE / "bench"))
from suite import bars, command, images, measure, plot, table, world  # noqa: E402
from suite.sections import ALL  # noqa: E402

failures = []


def check(condition, message):
    if not condition:
        failures.append(message)


def equal(got, wanted, what):
    check(got == wanted, f"{what}: {got!r}, not {wanted!r}")


def row(key, values, more=False, unit="ms"):
    return {"section": key.partition(".")[0], "key": key, "title": f"of {key}", "unit": unit, "more": more, "compared": True, "values": values}


def test_quantiles():
    equal(measure.median([3, 1, 2]), 2, "median of three")
    equal(measure.median([4, 1, 2, 3]), 2.5, "median of four")
    equal(measure.median([7]), 7, "median of one")
    equal(measure.quantile(list(range(11)), 0.9), 9, "nine tenths")


def test_intervals():
    # Of six values the extremes have the median between them with 1 - 2 / 64; of five they are all that can be said.
    equal(measure.interval([5, 1, 4, 2, 3]), (1, 5), "interval of five")
    equal(measure.interval(list(range(6))), (0, 5), "interval of six")
    # Binomial, 20: P(X <= 5) = 0.0207, P(X <= 6) = 0.0577: the sixth and the fifteenth value.
    equal(measure.interval(list(range(1, 21))), (6, 15), "interval of twenty")
    equal(measure.interval([2]), (2, 2), "interval of one")
    chance = random.Random(1)
    samples = (measure.interval([chance.expovariate(1) for _ in range(15)]) for _ in range(2000))
    right = sum(low <= 0.6931 <= high for low, high in samples)
    check(right >= 0.95 * 2000, f"the median of a skewed distribution is in {right} of 2000 intervals")


def test_ratios():
    # The machine was three times slower in the second round, for both.
    equal(round(measure.ratio([10, 30, 10], [20, 60, 20]), 9), 2, "ratio of pairs")
    equal(round(measure.ratio([10, 10], [20, 80]) * measure.ratio([20, 80], [10, 10]), 9), 1, "a ratio and the other way round")
    equal(round(measure.ratio([10, 10, 10], [20, 40]), 9), 3, "ratio of unequal numbers")
    equal(measure.ratio([0], [1]), None, "ratio to nothing")


def test_rounds():
    seen, gone = [], []

    def action(name):
        seen.append(name)
        if name == "b" and len(seen) > 6:
            raise measure.Failure("no more")
        return len(seen)

    values = measure.rounds(["a", "b", "c"], 3, action, lambda name, failure: gone.append((name, str(failure))))
    equal([sorted(seen[i:i + 3]) for i in (0, 3, 6)], [list("abc")] * 3, "each once in each round")
    equal(sorted(seen[9:]), ["a", "c"], "the last round")
    equal(gone, [("b", "no more")], "who is left out")
    equal(sorted(values), ["a", "c"], "who is left")
    equal([len(v) for v in values.values()], [3, 3], "values each")
    after = ["".join(measure.order(["a", "b", "c"], i)) for i in range(300)]
    for pair in "ab", "ba", "ac", "ca", "bc", "cb":
        check(60 < sum(pair in text for text in after) < 140, f"of 300 rounds about 100 have {pair}")
    equal(measure.order(["a", "b", "c"], 5), measure.order(["a", "b", "c"], 5), "the same order on each run")


def test_curves():
    equal(measure.ends([1] * 10 + [5] * 30 + [2] * 10), (1, 2), "first and last ten")
    equal(measure.ends([1, 2, 3]), (1, 3), "first and last of three")
    equal(measure.ends([1]), None, "ends of one")
    points = measure.thinned([(i, i % 2) for i in range(1, 1001)], 100)
    equal(len(points), 100, "thinned")
    check(all(a[0] < b[0] for a, b in zip(points, points[1:])), "thinned points keep their order")
    equal(measure.thinned([(1, 2)], 5), [(1, 2)], "nothing to thin")


def test_bars():
    verdicts = bars.judge([row("start.warm", {"floor": [4, 4], "bivy": [10, 10], "docker": [300, 300], "docker@new": [500, 500], "podman": [301, 299]}),
                           row("network.out", {"bivy": [10], "docker": [9]}, more=True),
                           row("growth.pss", {"bivy": [501]}, unit="kB"),
                           row("build.cold", {"bivy": [10], "docker": [60], "podman": [30]}),
                           row("exec.true", {"docker": [9]})])
    found = {(v["row"], v["peer"]): v for v in verdicts}
    equal(found["start.warm", "floor"]["met"], True, "2.5 times the floor")
    equal(found["start.warm", "docker"]["met"], False, "a 30th of the faster docker")
    check(("start.warm", "docker@new") not in found, "the slower docker does not count")
    equal(found["network.out", "docker"]["met"], True, "more throughput than docker")
    equal(found["growth.pss", None]["met"], False, "more than 500 kB")
    equal(found["build.cold", "podman"]["met"], False, "a third of the fastest")
    check(not any(v["row"] == "exec.true" for v in verdicts), "no verdict without bivy")
    known = set(re.findall(r'bench\.row\(\s*f?"([\w.{}]+)"', "".join(path.read_text() for path in (SOURCE / "bench/suite/sections").glob("*.py"))))
    for bar in bars.BARS:
        check(any(re.fullmatch(re.sub(r"\{\w+\}", r"\\w+", name), bar.row) for name in known), f"no section measures what a bar is about: {bar.row}")


def test_table():
    rows = [row("start.warm", {"docker": [300, 300], "floor": [4, 4], "bivy": [10, 10]}),
            row("network.out", {"bivy": [20], "docker": [10]}, more=True, unit="Gbit/s")]
    equal(table.grid(rows)[0][2:], ["floor", "bivy", "docker"], "columns")
    equal(table.grid(rows)[1][2:], ["4.00 (1/2.50)", "10.0", "300 (30.0x)"], "cells")
    equal(table.grid(rows)[2][2:], ["-", "20.0", "10.0 (2.00x)"], "cells where more is better")
    equal(table.grid([{**rows[0], "compared": False}])[1][2:], ["4.00", "10.0", "300"], "cells that are not compared")
    equal([len(part) for part in table.parts([row("runtime.true", {"bivy-runtime": [1]}), *rows])], [1, 2], "tables")
    lines = table.text(rows).splitlines()
    equal(len(lines), 3, "lines of text")
    check(all("| --- |" not in line for line in lines), "no Markdown in text")
    drawn = table.markdown(rows).splitlines()
    equal({line.count("|") for line in drawn}, {6}, "bars of each line of Markdown")
    for line in table.bars_text(bars.judge(rows)).splitlines()[1:]:
        check(line.endswith(("met", "MISSED")), f"a verdict at the end of: {line}")
    few = table.bars_text(bars.judge([{**row("growth.ratio", {"bivy": [1.2]}), "count": 10}])).splitlines()[1]
    check(few.endswith("met with 10, asked of 1000"), f"a bar of other numbers: {few}")


def test_ticks():
    for high in 0.3, 1, 7, 10, 99, 100, 101, 1000, 123456:
        ticks = plot.linear_ticks(high)
        check(ticks[0] == 0 and ticks[-1] >= high and 3 <= len(ticks) <= 11, f"linear ticks to {high}: {ticks}")
    for low, high in (0.01, 0.02), (1, 1), (3, 700), (10, 1000), (0.5, 99999):
        ticks = plot.logarithmic_ticks(low, high)
        check(ticks[0] <= low and ticks[-1] >= high and ticks == sorted(set(ticks)), f"logarithmic ticks from {low} to {high}: {ticks}")


def test_picture():
    series = {"bivy 1": [(1, 10), (500, 11), (1000, 12)], "<docker> & co": [(1, 300), (1000, 400)], "one": [(1, 10.1)], "none": []}
    for logarithmic in False, True:
        for theme in None, "dark":
            text = plot.draw("Start & <end>", "here", "containers", "ms", series, logarithmic, theme)
            tree = xml.fromstring(text)
            space = "{http://www.w3.org/2000/svg}"
            texts = ["".join(node.itertext()) for node in tree.iter(space + "text")]
            check({"Start & <end>", "here", "containers", "ms", "bivy 1", "<docker> & co", "one"} <= set(texts), f"what is written: {texts}")
            check("none" not in texts, "a curve without points has no name")
            check(("prefers-color-scheme" in text) == (theme is None), "who chooses colours")
            for node in tree.iter(space + "path"):
                numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", node.get("d"))]
                check(all(0 <= n <= plot.WIDTH for n in numbers), f"within the picture: {node.get('d')}")
            places = sorted(float(node.get("y")) for node in tree.iter(space + "text") if re.match(r"t\d", node.get("class") or ""))
            check(all(b - a >= 15 for a, b in zip(places, places[1:])) and places[-1] <= plot.HEIGHT, f"names apart: {places}")
    check(plot.draw("t", "", "x", "y", {}).startswith("<svg"), "a picture of nothing")


def test_publishing():
    machine = {"system": "S", "kernel": "6.1-x", "processor": "P", "processors": 2, "memory_gib": 4.0, "cgroups": "C", "load": 0.1}
    results = {"machine": machine, "rounds": 3, "versions": {"bivy": "1", "docker": "2+x"}, "left_out": {"lxc": "not installed"}, "notes": [],
               "rows": [row("start.warm", {"bivy": [1.0], "docker": [50.0]})], "bars": bars.judge([row("start.warm", {"bivy": [1.0], "docker": [50.0]})]),
               "curves": [{"key": "start", "title": "T", "x": "x", "y": "y", "logarithmic": True, "series": {"docker": [[1, 50]], "bivy": [[1, 1], [2, 1]]}}]}
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder)
        (source / "README.md").write_text(f"before\n{command.BEGIN}\nold\n{command.END}\nafter\n")
        out, sys.stdout = sys.stdout, open(os.devnull, "w")
        try:
            command.publish(results, source)
            command.publish(results, source)
        finally:
            sys.stdout.close()
            sys.stdout = out
        text = (source / "README.md").read_text()
        check(text.startswith("before\n") and text.endswith("after\n") and "old" not in text, "what is around the marks stays")
        equal([text.count(mark) for mark in (command.BEGIN, command.END)], [1, 1], "marks")
        check("50.0 (50.0x)" in text and "lxc (not installed)" in text and "1/50.0 | met" in text, "the table")
        for path in re.findall(r"\]\((\S+\.svg)\)", text):
            tree = xml.parse(source / path)
            names = [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text") if re.match(r"t\d", node.get("class") or "")]
            equal(names, ["bivy 1", "docker 2"], "curves of the picture, ours first")


def test_images():
    with tempfile.TemporaryDirectory() as folder:
        layer, archive = pathlib.Path(folder, "layer"), pathlib.Path(folder, "archive")
        folders = ((str(SOURCE / "tests"), 0.5), (str(SOURCE / "src"), 0.5))
        size, files = images.make_big(layer, 1, folders)
        check(0.5e6 < size <= 1e6 and files > 5, f"a layer of 1 MB: {size} bytes in {files} files")
        first = layer.read_bytes()
        images.make_big(layer, 1, folders)
        check(layer.read_bytes() == first, "the same layer on each run")
        packed = images.make_archive(layer, archive, "localhost/big:1")
        equal(pathlib.Path(f"{archive}.gz").stat().st_size, packed, "size of the layer")


def test_command_line():
    text = (SOURCE / "bench/run").read_text()
    listed = re.search(r"--only SECTION\s+([\w, ]+) \(default", text)[1]
    equal(listed.split(", "), list(ALL), "sections in the usage")
    modules = {path.stem for path in (SOURCE / "bench/suite/sections").glob("*.py")} - {"__init__"}
    equal(len(ALL), len(modules), "modules that are sections")
    equal(command.options(["--quick"], "").rounds, 5, "rounds of --quick")
    equal(command.options(["--only", "start,exec", "-n", "7"], "").only, ["start", "exec"], "--only")
    for wrong in ["--only", "no"], ["--engines", "no"], ["--quick", "--full"], ["-n", "0"], ["-n", "x"], ["more"]:
        stderr, sys.stderr = sys.stderr, open(os.devnull, "w")
        try:
            command.options(wrong, "")
            failures.append(f"accepted: {wrong}")
        except SystemExit as end:
            equal(end.code, 2, f"status of {wrong}")
        finally:
            sys.stderr.close()
            sys.stderr = stderr


def test_sweeping():
    with tempfile.TemporaryDirectory() as folder:
        dead = os.fork()
        if dead == 0:
            os._exit(0)
        os.waitpid(dead, 0)
        names = [f"{world.PREFIX}{dead}.abc", f"{world.PREFIX}{os.getpid()}.abc", f"{world.PREFIX}other", "elsewhere"]
        for name in names:
            pathlib.Path(folder, name, "below").mkdir(parents=True)
        world.sweep(folder)
        equal(sorted(os.listdir(folder)), sorted(names[1:]), "what is left after a sweep")


def main():
    tests = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
    for test in tests:
        before = len(failures)
        try:
            test()
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")
        failures[before:] = [f"{test.__name__}: {text}" for text in failures[before:]]
    print("\n".join(failures) or f"{len(tests)} tests passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
