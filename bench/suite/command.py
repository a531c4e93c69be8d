"""The command line, and what sections measure with."""

import argparse
import contextlib
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from . import bars, images, machine, measure, plot, table, world
from .engines import KINDS, Runtime
from .measure import Failure
from .place import Place
from .sections import ALL

HERE = pathlib.Path(__file__).resolve().parent
BEGIN, END = "<!-- bench/run --readme: begin -->", "<!-- bench/run --readme: end -->"
RUNTIMES = ("bivy-runtime", "runc", "crun")
SETTLE_S = 0.05  # before each command, for what the one before does when nobody waits for it any more
POINTS = 100  # of a curve that is drawn


def options(arguments, usage):
    parser = argparse.ArgumentParser(prog="bench/run", usage=usage, add_help=True)
    parser.add_argument("-n", dest="rounds", type=int)
    parser.add_argument("-B", dest="build", default=str(HERE.parent.parent / "build"))
    parser.add_argument("--only", default="")
    parser.add_argument("--engines", default=",".join(KINDS))
    parser.add_argument("--peers", action="append", default=[])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--svg")
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--draw")
    o = parser.parse_args(arguments)
    o.only = o.only.split(",") if o.only else list(ALL)
    o.engines = o.engines.split(",")
    for name in o.only:
        if name not in ALL:
            parser.error(f"no section '{name}': {', '.join(ALL)}")
    for name in o.engines:
        if name not in KINDS:
            parser.error(f"no engine '{name}': {', '.join(KINDS)}")
    if o.quick and o.full:
        parser.error("--quick or --full, not both")
    if o.rounds is not None and o.rounds < 1:
        parser.error("-n: at least 1")
    o.rounds = o.rounds or (5 if o.quick else 50 if o.full else 20)
    return o


class Floor:
    """The least that a start can cost (floor.c)."""

    key = "floor"

    def __init__(self, bench):
        names = [",".join(names) if kind == "cgroup" else "unified" for _, kind, names in world.hierarchies()]
        pure = [where for where, kind, _ in world.hierarchies() if kind == "cgroup2" and where == world.GROUPS]
        self.place = bench.place
        self.words = [bench.work / "floor", bench.root, "cgroup2" if pure else ",".join(names), "/bin/true"]

    def time(self, words):
        return self.place.time(words)


class Bench:
    """A run: places, engines, and the results so far."""

    def __init__(self, work, o):
        self.work, self.o = work, o
        self.build = pathlib.Path(o.build).resolve()
        self.root, self.image = work / "root", work / "image.tar"
        self.rows, self.curves, self.notes, self.reasons, self.versions = [], [], [], {}, {}
        self.numbers, self.ports, self.subnets = itertools.count(1), itertools.count(20000), itertools.count(1)
        self.where, self.running_engines, self.section = None, {}, ""

    def furnish(self):
        compiler = "musl-gcc" if shutil.which("musl-gcc") else "cc"
        if not shutil.which("cc"):
            raise Failure("no C compiler (cc)")
        flags = ["-O2", "-static", "-s", "-std=gnu17", "-D_GNU_SOURCE"]
        headers = []
        if compiler == "musl-gcc":  # the lightest libc there is, for the lightest floor
            include = self.work / "include"
            include.mkdir()
            triple = subprocess.run(["cc", "-dumpmachine"], capture_output=True, text=True).stdout.strip()
            for path in "/usr/include/linux", "/usr/include/asm-generic", f"/usr/include/{triple}/asm":
                (include / pathlib.Path(path).name).symlink_to(path)
            headers = ["-idirafter", str(include)]
        world.run(compiler, *flags, *headers, "-o", str(self.work / "floor"), str(HERE.parent / "floor.c"))
        world.run("cc", *flags, "-o", str(self.work / "runner"), str(HERE / "runner.c"))
        images.make_root(self.root)
        images.pack(self.root, self.image)
        self.place = Place(self.work, "own", hide_unified=False)
        self.places = [self.place, Place(self.work, "host")]
        for root in self.o.peers:
            path = pathlib.Path(root).resolve()
            try:
                if not (path / "usr").is_dir():
                    raise Failure("no root file system")
                self.places.append(Place(self.work, path.name, path))
            except Failure as failure:
                self.absent(root, str(failure))

    # What sections ask for.

    def scale(self, quick, usual, full):
        return quick if self.o.quick else full if self.o.full else usual

    def port(self):
        return next(self.ports)

    def name(self):
        return f"bench-{next(self.numbers)}"

    def subnet(self, gateway=True):
        return f"10.{200 + next(self.subnets)}.0.{1 if gateway else 0}/16"

    def note(self, text):
        self.notes.append(text)

    def absent(self, key, reason):
        """KEY did not take part in the section at hand, or at all."""
        print(f"  {key}: left out: {reason}", file=sys.stderr, flush=True)
        self.reasons.setdefault(f"{key} in {self.section}" if self.section else key, reason)

    def rounds(self, names, action, share=1.0, least=3, warm_up=True):
        number = max(min(least, self.o.rounds), round(self.o.rounds * share), 1)

        def settled(name):
            time.sleep(SETTLE_S)
            return action(name)

        return measure.rounds(list(names), number, settled, lambda name, failure: self.absent(name, str(failure)), warm_up)

    def row(self, key, title, unit, values, more=False, compared=True, count=None):
        """What was measured: engine -> values, of which MORE may be better, in the order of rounds, or whatever is there once. COMPARED: whether
        ratios say something. COUNT: of containers, where bars ask for some."""
        self.rows.append({"section": self.section, "key": key, "title": title, "unit": unit, "more": more, "compared": compared, "count": count,
                          "values": {name: list(several) for name, several in values.items() if several}})

    def curve(self, key, title, x_title, y_title, series, logarithmic):
        self.curves.append({"key": key, "title": title, "x": x_title, "y": y_title, "logarithmic": logarithmic,
                            "series": {name: points for name, points in series.items() if points}})

    def floor(self):
        self.versions.setdefault("floor", "clone3, mounts, pivot_root, exec, wait")
        return Floor(self)

    def engines(self, where="disk"):
        """Key -> engine of all that run here, with stores on the disk or in memory. Only those of one kind of store run at a time."""
        if self.where != where:
            self.stop()
            self.where = where
            for place in self.places:
                for kind, made in KINDS.items():
                    if kind in self.o.engines and (kind == "bivy") == (place is self.place) and not (kind == "lxc" and where == "memory"):
                        self.start(made, place)
        return dict(self.running_engines)

    def start(self, made, place):
        key = made.kind if not place.root else f"{made.kind}@{place.name}"
        name = f"{key.replace('@', '-')}.{next(self.numbers)}"
        try:
            folder = world.disk(self.work, name, 4096) / "store" if self.where == "memory" else self.work / name
            engine = made(self, place, folder)
            print(f"  starting {key}", file=sys.stderr, flush=True)
            try:
                engine.start()
                self.versions[key] = engine.version()
            except Failure:
                engine.stop()
                raise
            self.running_engines[key] = engine
        except (Failure, OSError, subprocess.CalledProcessError) as failure:
            section, self.section = self.section, ""
            self.absent(key, str(failure))
            self.section = section

    def stop(self):
        for engine in self.running_engines.values():
            with contextlib.suppress(Failure):
                engine.stop()
        self.running_engines, self.where = {}, None

    @contextlib.contextmanager
    def running(self):
        """All engines, each with a container `bench` that runs."""
        engines, begun = self.engines(), {}
        try:
            for key, engine in engines.items():
                try:
                    engine.call(engine.background("bench"))
                    begun[key] = engine
                except Failure as failure:
                    self.absent(key, str(failure))
            yield begun
        finally:
            for engine in begun.values():
                engine.call(engine.remove(["bench"]))

    def runtimes(self):
        """Key -> runtime of all that are installed; whether they run shows when they are measured."""
        found = {}
        for place in self.places:
            for kind in RUNTIMES:
                if (kind == "bivy-runtime") != (place is self.place):
                    continue
                path = str(self.build / kind) if kind == "bivy-runtime" else place.has(kind)
                if not path:
                    self.absent(kind, "not installed")
                    continue
                runtime = Runtime(self, place, kind, path)
                with contextlib.suppress(Failure):
                    self.versions[runtime.key] = runtime.version()
                found[runtime.key] = runtime
        return found

    def measure(self, name):
        self.section = name
        print(f"{name} …", file=sys.stderr, flush=True)
        begun, where = time.monotonic(), len(self.rows)
        try:
            ALL[name].measure(self)
        except Exception as failure:  # whatever it is: the other sections can do without this one
            self.absent(name, f"{'' if isinstance(failure, Failure) else type(failure).__name__ + ': '}{failure}")
        rows = [row for row in self.rows[where:] if row["values"]]
        if rows:
            print(table.text(rows) + "\n", flush=True)
        print(f"  {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)

    def results(self):
        rows = [row for row in self.rows if row["values"]]
        return {"machine": self.machine, "rounds": self.o.rounds, "versions": self.versions, "left_out": self.reasons, "notes": self.notes,
                "rows": [{**row, "medians": {k: measure.median(v) for k, v in row["values"].items()}, "intervals": table.spread(row)} for row in rows],
                "curves": self.curves, "bars": bars.judge(rows)}


def pictures(results, theme=None):
    """Name of a file -> its text."""
    found = {}
    for curve in results["curves"]:
        names = sorted(curve["series"], key=lambda name: not name.startswith("bivy"))
        series = {named(name, results): measure.thinned(curve["series"][name], POINTS) for name in names}
        if series:
            scale = ", logarithmic" if curve["logarithmic"] else ""
            found[f"{curve['key']}.svg"] = plot.draw(curve["title"], short(results["machine"]), curve["x"], curve["y"] + scale, series, curve["logarithmic"], theme)
    return found


def short(m):
    return f"{m['processors']} processors, Linux {m['kernel'].partition('-')[0]}, {m['cgroups']}"


def named(key, results):
    """An engine with its version, short enough for a legend."""
    version = results["versions"].get(key, "").split(" ")[0].partition("+")[0]
    return f"{key.partition('@')[0]} {version}".strip()


def write_pictures(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pictures(results).items():
        (folder / name).write_text(text)


def report(results):
    print("== all")
    print(table.text(results["rows"]))
    print("\n== bars")
    print(table.bars_text(results["bars"]))
    print("\n== machine and versions")
    print(machine.sentence(results["machine"]) + f"; rounds: {results['rounds']}")
    for key, version in results["versions"].items():
        print(f"  {key}: {version}")
    for note in results["notes"]:
        print(f"  {note}")
    for key, reason in results["left_out"].items():
        print(f"  left out: {key}: {reason}")


def readme(results, folder):
    """The section of the README, between its marks."""
    lines = [BEGIN, "", f"Medians of {results['rounds']} interleaved rounds, and in brackets how many times better bivy is, of one run of `sudo bench/run` on "
             f"one machine: {machine.sentence(results['machine'])}. Times of other machines are not to be compared with these.", "",
             table.markdown(results["rows"]), "", "Versions: " + "; ".join(f"{key} {version}" for key, version in results["versions"].items()) + ".", ""]
    lines += [line for curve in results["curves"] for line in (f"![{curve['title']}]({folder}/{curve['key']}.svg)", "")]
    if results["left_out"]:
        lines += ["Left out: " + "; ".join(f"{key} ({reason})" for key, reason in results["left_out"].items()) + ".", ""]
    return "\n".join([*lines, table.bars_markdown(results["bars"]), "", END]) + "\n"


def publish(results, source):
    """Pictures into docs/bench, and the section into README.md where that has the marks; else it is printed."""
    write_pictures(results, source / "docs/bench")
    text, path = readme(results, "docs/bench"), source / "README.md"
    old = path.read_text()
    if BEGIN in old and END in old:
        path.write_text(old[:old.index(BEGIN)] + text.rstrip("\n") + old[old.index(END) + len(END):])
        print(f"{path}: written between the marks; pictures in docs/bench")
    else:
        print(text)


def suite(work, o):
    bench = Bench(work, o)
    bench.machine = machine.describe()
    print(machine.sentence(bench.machine) + "\n", flush=True)
    try:
        bench.furnish()
        for name in o.only:
            bench.measure(name)
    except Failure as failure:
        print(f"bench/run: {failure}", file=sys.stderr)
        return 1
    finally:
        bench.stop()
    results = bench.results()
    (work / "results.json").write_text(json.dumps(results, indent=1))
    return 0 if results["rows"] else 1


def deliver(results, o):
    """What is done with results, by the outer process: its files are the caller's."""
    report(results)
    if o.json:
        pathlib.Path(o.json).write_text(json.dumps(results, indent=1) + "\n")
    if o.svg:
        write_pictures(results, pathlib.Path(o.svg))
    if o.readme:
        publish(results, HERE.parent.parent)
    return 0


def main(script, usage):
    o = options(sys.argv[1:], usage)
    if o.draw:
        return deliver(json.loads(pathlib.Path(o.draw).read_text()), o)
    if os.geteuid() != 0:
        print("bench/run: needs root", file=sys.stderr)
        return 1
    if "BIVY_BENCH_WORK" in os.environ:
        return world.inside(lambda work: suite(work, o))
    if not (pathlib.Path(o.build) / "bivy").exists():
        print(f"bench/run: no bivy in '{o.build}': build first", file=sys.stderr)
        return 1
    status, text = world.outside([str(script), *sys.argv[1:]])
    return deliver(json.loads(text), o) if status == 0 and text else status
