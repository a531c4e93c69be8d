#!/usr/bin/env python3
"""Reads every #include below src/ against the table of rooms (ARCHITECTURE.md) and fails on one that points up or sideways.

usage: includes.py [SOURCE-ROOT]

Includes are written from src/ ("host/mount.h"); a relative one ("../host/mount.h"), one without a room and one of ours in
angle brackets are refused too, so that no spelling escapes. Before the tree is read, the rules are tried on samples that
must be refused and samples that must pass.
"""

import os
import re
import sys

# room -> the rooms it may include besides itself. Peers never include each other.
ROOMS = {
    "base": set(),
    "host": {"base"},
    "spec": {"base"},
    "runtime": {"base", "host", "spec"},
    "supervisor": {"base", "host", "spec", "runtime", "net"},
    "store": {"base", "host", "spec"},
    "registry": {"base", "spec"},
    "transfer": {"base", "host", "spec", "store", "registry", "build"},
    "net": {"base", "host", "spec"},
    "build": {"base", "spec"},
    "engine": {"base", "host", "spec", "runtime", "store", "registry", "net", "build"},
    "init": set(),
    # One kernel facility at a time; containers only by their names.
    "primitive": {"base", "host", "spec", "runtime", "engine"},
    "cli": {"engine", "primitive", "spec", "base"},
    # Of the host only what takes descriptors over a socket.
    "api": {"engine", "spec", "host", "base"},
    "server": {"api", "engine", "spec", "host", "base"},
    # The process that holds an ordinary user's namespaces, and what carries his ports.
    "home": {"base", "host", "spec", "net"},
    "sentry": {"base", "host", "spec", "runtime"},
    "vm": {"base", "host", "spec", "runtime"},
    "ckpt": {"base", "host", "spec", "runtime"},
}

# Folders inside a room that stand above the rest of it: a program may use its room's library, never the reverse.
PROGRAMS = {"runtime/program"}

# The rooms that a program may include though its own room may not.
PROGRAM_ROOMS = {"runtime/program": {"supervisor"}}

# Headers that are installed, written without a room by the programs that use the library, and the room each belongs to.
PUBLIC = {"bivy-runtime.h": "runtime"}

# The system has a folder of the same name as one of our rooms.
SYSTEM = {"net/if.h", "net/if_arp.h", "net/ethernet.h", "net/route.h"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*(?:include|include_next|import)[ \t]*(?:"([^"]*)"|<([^>]*)>|(\S.*))', re.M)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def program_of(path):
    """The folder of PROGRAMS that a path lies in, or None."""
    return next((p for p in PROGRAMS if path.startswith(p + "/")), None)


def judge(source, quoted, angled, other):
    """What is wrong with one include of `source` (a path from src/), or None."""
    room = source.split("/")[0]
    if other is not None:
        return "is computed by a macro, which hides the room"
    target = quoted if quoted is not None else angled
    first = target.split("/")[0]
    if any(part in ("..", ".") for part in target.split("/")):
        return "is relative; write it from src/"
    if angled is not None:
        if target not in SYSTEM and (first in ROOMS and "/" in target or target in PUBLIC):
            return "is ours; write it in quotes"
        return None
    if target in PUBLIC:
        other_room = PUBLIC[target]
    elif "/" not in target:
        return "names no room; write it from src/"
    elif first not in ROOMS:
        return f"names no room: '{first}'"
    else:
        other_room = first
    if other_room != room and other_room not in ROOMS[room] | PROGRAM_ROOMS.get(program_of(source), set()):
        way = "up" if room in ROOMS[other_room] else "sideways"
        return f"points {way}: {room} may include {', '.join(sorted(ROOMS[room])) or 'only itself'}"
    if program_of(target) and program_of(target) != program_of(source):
        return f"points up into the program {program_of(target)}"
    return None


def blank(match):
    """The line breaks of a comment: line numbers stay."""
    return "\n" * match.group(0).count("\n") or " "


def read_includes(text):
    """(line number, quoted, angled, other) of every include; commented ones do not count."""
    text = text.replace("\\\n", "")
    text = COMMENT.sub(blank, text)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2), match.group(3)


def faults_of(source, text):
    """The faults of one file as printable lines."""
    if source.split("/")[0] not in ROOMS:
        return [f"src/{source}: lies in no room"]
    return [
        f"src/{source}:{line}: #include {quoted or angled or other} {fault}"
        for line, quoted, angled, other in read_includes(text)
        if (fault := judge(source, quoted, angled, other))
    ]


# (file, text, whether it must be refused)
SAMPLES = [
    ("runtime/program/supervise.c", '#include "supervisor/supervisor.h"\n', False),
    ("runtime/create.c", '#include "supervisor/supervisor.h"\n', True),
    ("base/fd.c", '#include "host/mount.h"\n', True),
    ("base/fd.c", '#include "spec/config.h"\n', True),
    ("base/fd.c", '#include "base/error.h"\n#include <linux/mount.h>\n#include <sys/mount.h>\n', False),
    ("host/mount.c", '#include "spec/config.h"\n', True),
    ("host/mount.c", '#include "runtime/container.h"\n', True),
    ("host/mount.c", '#  include\t"../spec/config.h"\n', True),
    ("host/mount.c", '#include "mount.h"\n', True),
    ("host/mount.c", '#include <spec/config.h>\n', True),
    ("host/netlink.c", '#include <net/if.h>\n', False),
    ("host/netlink.c", '#include <net/bridge.h>\n', True),
    ("host/mount.c", '/* #include "spec/config.h" */\n// #include "spec/config.h"\n#include "base/fd.h"\n', False),
    ("spec/config.c", '#include "host/mount.h"\n', True),
    ("spec/config.c", '#inc\\\nlude "host/mount.h"\n', True),
    ("spec/config.c", '#define H "host/mount.h"\n#include H\n', True),
    ("spec/config.c", '#include "base/../host/mount.h"\n', True),
    ("runtime/start.c", '#include "base/fd.h"\n#include "host/ns.h"\n#include "spec/config.h"\n', False),
    ("runtime/start.c", '#include "bivy-runtime.h"\n', False),
    ("runtime/start.c", '#include "runtime/program/options.h"\n', True),
    ("runtime/start.c", '#include "engine/containers.h"\n', True),
    ("runtime/program/main.c", '#include "runtime/program/options.h"\n#include "runtime/start.h"\n', False),
    ("store/layer.c", '#include "registry/pull.h"\n', True),
    ("registry/pull.c", '#include "store/layer.h"\n', True),
    ("transfer/pull.c", '#include "store/layer.h"\n#include "registry/pull.h"\n', False),
    ("transfer/pull.c", '#include "engine/images.h"\n', True),
    ("engine/images.c", '#include "transfer/pull.h"\n', True),
    ("net/bridge.c", '#include "store/layer.h"\n', True),
    ("engine/containers.c", '#include "store/layer.h"\n#include "runtime/start.h"\n', False),
    ("cli/run.c", '#include "runtime/start.h"\n', True),
    ("cli/run.c", '#include "engine/containers.h"\n', False),
    ("engine/containers.c", '#include "primitive/group.h"\n', True),
    ("api/images.c", '#include "cli/run.h"\n', True),
    ("utils/misc.c", "", True),
]


def check_samples():
    """The rules must judge every sample as written; else they are worth nothing."""
    wrong = [(source, text) for source, text, refused in SAMPLES if bool(faults_of(source, text)) != refused]
    for source, text in wrong:
        print(f"self-check: misjudged {source}: {text!r}")
    return not wrong


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    src = os.path.join(root, "src")
    faults, files = [], 0
    for folder, subfolders, names in os.walk(src):
        subfolders.sort()
        for name in sorted(names):
            if not name.endswith((".c", ".h", ".inc")):
                continue
            path = os.path.join(folder, name)
            files += 1
            with open(path, encoding="utf-8") as file:
                faults += faults_of(os.path.relpath(path, src), file.read())
    for fault in faults:
        print(fault)
    if not files:
        print(f"no source file below {src}")
    print(f"{files} files, {len(faults)} faults")
    return 0 if check_samples() and files and not faults else 1


if __name__ == "__main__":
    sys.exit(main())
