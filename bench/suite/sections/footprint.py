"""What is there before a container is: programs, daemons, the image; and what some containers add, in memory (PSS) and on the disk."""

import os
import pathlib
import time

from ..processes import Watch

NAME = "footprint"


def size_of(place, paths):
    """Of files, each once, whatever its names are."""
    lines = place.call(["stat", "-L", "-c", "%d:%i %s", *paths]).splitlines()
    return sum(int(line.split()[1]) for line in set(lines))


def disk_kb(place, folders):
    return sum(int(place.call(["du", "-s", "-x", "-k", folder]).split()[0]) for folder in folders)


def measure(bench):
    engines, count = bench.engines(), bench.scale(5, 20, 20)
    idle, pss, disk, programs, image = {}, {}, {}, {}, {}
    for key, engine in engines.items():
        bench.note(f"{key}: programs: {' '.join(pathlib.Path(path).name for path in engine.programs())}")
        programs[key] = [size_of(engine.place, engine.programs()) / 1e6]
        watch, names = Watch(engine), [bench.name() for _ in range(count)]
        idle[key] = [watch.idle_kb / 1024]
        os.sync()
        before = disk_kb(engine.place, engine.data())
        image[key] = [before / 1000]
        try:
            for name in names:
                engine.call(engine.background(name))
            time.sleep(0.5)
            pss[key] = [(watch.pss_kb() - watch.idle_kb) / count]
            os.sync()
            disk[key] = [(disk_kb(engine.place, engine.data()) - before) / count]
        finally:
            engine.call(engine.remove(names))
    bench.row("footprint.idle", "memory of the engine without containers (PSS)", "MiB", idle)
    bench.row("footprint.pss", f"memory a container, of {count} (PSS)", "kB", pss)
    bench.row("footprint.programs", "programs on the disk", "MB", programs)
    bench.row("footprint.store", f"the store with an image of {os.stat(bench.image).st_size / 1e6:.0f} MB", "MB", image)
    bench.row("footprint.disk", "disk a container", "kB", disk)
