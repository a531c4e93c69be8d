"""From 1 to N containers: how long each start takes, and what engine and machine take of memory, as the count grows.

One engine after the other, since what stands of one would be in the way of the next.
"""

from .. import measure as m
from ..processes import Watch

NAME = "growth"
AT_ONCE = 50
ENOUGH = 50  # for a difference of the whole machine that means something


def samples(count):
    """The counts at which memory is measured: 1, 2, 5, 10, 20, …, COUNT."""
    found = {1, count}
    power = 1
    while power <= count:
        found |= {n for n in (power, 2 * power, 5 * power) if n <= count}
        power *= 10
    return found | {count * i // 10 for i in range(1, 11)} - {0}


def grow(bench, engine, count):
    watch, names, starts, memory, taken = Watch(engine), [], [], [(0, None)], []
    memory[0] = (0, watch.idle_kb / 1024)
    at = samples(count)
    try:
        for i in range(1, count + 1):
            names.append(bench.name())
            starts.append((i, engine.time(engine.background(names[-1]))))
            if i in at:
                memory.append((i, watch.pss_kb() / 1024))
                taken.append((i, watch.taken_kb() / 1024))
    except m.Failure as failure:
        bench.absent(engine.key, f"container {len(names)}: {failure}")
    finally:
        for i in range(0, len(names), AT_ONCE):
            engine.call(engine.remove(names[i:i + AT_ONCE]))
    return starts, memory, taken


def measure(bench):
    count, starts, memory, taken = bench.scale(10, 50, 1000), {}, {}, {}
    for key, engine in bench.engines().items():
        try:
            starts[key], memory[key], taken[key] = grow(bench, engine, count)
        except m.Failure as failure:
            bench.absent(key, str(failure))
            continue
    whole = {key: [ms for _, ms in points] for key, points in starts.items() if len(points) == count}
    ends = {key: m.ends(values) for key, values in whole.items()}
    bench.row("growth.first", f"start, the first of {count} containers", "ms", {key: [first] for key, (first, _) in ends.items()})
    bench.row("growth.last", f"start, the last of {count} containers", "ms", {key: [last] for key, (_, last) in ends.items()})
    bench.row("growth.ratio", "the last to the first", "times", {key: [last / first] for key, (first, last) in ends.items()}, compared=False, count=count)
    bench.row("growth.pss", f"memory a container, of {count} (PSS)", "kB",
              {key: [(memory[key][-1][1] - memory[key][0][1]) * 1024 / count] for key in whole})
    if count >= ENOUGH:
        bench.row("growth.taken", "what the machine has less, a container", "kB", {key: [taken[key][-1][1] * 1024 / count] for key in whole if taken[key][-1][1] > 0})
    bench.curve("start", "Start of one more container", "containers that run", "milliseconds", starts, logarithmic=True)
    bench.curve("memory", "Memory of the engine", "containers that run", "MiB of PSS", memory, logarithmic=False)
