"""Processes and what memory they take."""

import os
import pathlib


def own():
    """pid -> parent of all processes of the suite's own pid namespace: engines' processes, not containers'."""
    mine, found = os.readlink("/proc/self/ns/pid"), {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            if os.readlink(f"{entry.path}/ns/pid") == mine:
                text = pathlib.Path(entry.path, "stat").read_text()
                found[int(entry.name)] = int(text[text.rindex(")") + 2:].split()[1])
        except OSError:
            pass  # it has ended
    return found


def descendants(roots, parents):
    """These processes and all that they or their children started."""
    found, grown = set(roots) & parents.keys(), True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found, grown = found | more, bool(more)
    return found


def pss_kb(pids):
    """The proportional share of memory of these processes together, in kB."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            pass
    return total


def available_kb():
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemAvailable:"))


class Watch:
    """What an engine takes from here on: its daemons with all that they start, and whatever is new outside of containers."""

    def __init__(self, engine):
        self.engine = engine
        parents = own()
        self.others = parents.keys() - descendants(engine.daemons, parents)
        self.idle_kb = pss_kb(descendants(engine.daemons, parents))
        self.available_kb = available_kb()

    def pss_kb(self):
        return pss_kb(own().keys() - self.others)

    def taken_kb(self):
        """Of the whole machine, the kernel's share and the containers' own processes included."""
        return self.available_kb - available_kb()
