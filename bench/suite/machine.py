"""What was measured on: times of different machines are not to be compared."""

import os
import pathlib
import platform
import re

from .world import hierarchies


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    found = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", text, re.M)
    return " ".join(found[1].split()) if found else platform.machine()


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def groups():
    kinds = {kind for _, kind, _ in hierarchies()}
    if len(kinds) > 1:
        return "both versions of cgroups"
    return {"cgroup": "cgroups version 1", "cgroup2": "cgroups version 2"}.get("".join(kinds), "no cgroups")


def describe():
    return {"system": system(), "kernel": platform.release(), "architecture": platform.machine(), "processor": processor(), "processors": os.cpu_count(),
            "memory_gib": round(memory_gib(), 1), "cgroups": groups(), "load": round(os.getloadavg()[0], 2)}


def sentence(machine):
    return (f"{machine['system']}, Linux {machine['kernel']}, {machine['processors']} x {machine['processor']}, {machine['memory_gib']:g} GiB, "
            f"{machine['cgroups']}, load {machine['load']:g} before")
