"""A place that commands run in: the machine's own root file system, or another one that holds newer peers.

Each place has mount and network namespaces of its own, as daemons of the same name would get into each other's way, and a runner
(runner.c) in them, which times commands without the suite's own weight.
"""

import os
import pathlib
import shutil
import subprocess

from .measure import Failure

# Enters ROOT, if there is one, with the suite's directory WORK at its own path. A cgroup2 beside hierarchies of version 1 is hidden from
# peers: crun refuses such hosts.
ENTER = r"""
set -eu
ip link set lo up
groups=$2/groups.$$
mkdir "$groups"
mount --rbind /sys/fs/cgroup "$groups"
umount -l /sys
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys # of this network namespace
mount --rbind "$groups" /sys/fs/cgroup
umount -l "$groups"
rmdir "$groups"
root=$1 work=$2 log=$3 runner=$4 hide=$5
[ -z "$hide" ] || ! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
if [ -n "$root" ]; then
	mount --bind "$root" "$root"
	for dir in proc sys dev; do mount --rbind "/$dir" "$root/$dir"; done
	for dir in run tmp "$(dirname "$work")"; do mount -t tmpfs tmpfs "$root/$dir"; done
	mkdir "$root/$work"
	mount --rbind "$work" "$root/$work"
	cd "$root"
	mkdir tmp/old
	pivot_root . tmp/old
	umount -l /tmp/old
	rmdir /tmp/old
fi
cd /
exec "$runner" "$log"
"""


class Place:
    """COMMAND lists are argv; ROOT is None for the machine's own."""

    def __init__(self, work, name, root=None, hide_unified=True):
        self.work, self.name, self.root = work, name, root
        self.log = work / f"log.{name}"
        self.containers_conf = work / f"containers.{name}.conf"
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(work), "LC_ALL": "C.UTF-8",
                            "CONTAINERS_CONF": str(self.containers_conf)}
        self.log.touch()
        words = ["unshare", "--mount", "--net", "--propagation", "slave", "bash", "-c", ENTER, "enter", str(root or ""), str(work), str(self.log),
                 str(work / "runner"), "yes" if hide_unified else ""]
        self.runner = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment, cwd="/")
        if self.ask("run", ["true"])[0]:
            raise Failure(f"no runner in {name}: {self.said()}")

    def has(self, program):
        """The path of a program there, as seen from within; None if there is none."""
        if "/" in program:
            return program if os.access(f"{self.root or ''}{program}", os.X_OK) else None
        path = self.environment["PATH"]
        if self.root:
            path = ":".join(f"{self.root}{folder}" for folder in path.split(":"))
        found = shutil.which(program, path=path)
        return found.removeprefix(str(self.root)) if found and self.root else found

    def said(self):
        """The last line of what the last timed command said on its standard error."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " ".join(lines[-1].split())[-300:] if lines else "without a word"

    def ask(self, verb, words):
        message = b"".join(os.fsencode(str(word)) + b"\0" for word in [verb, *words])
        try:
            self.runner.stdin.write(b"%d\n" % len(message) + message)
            self.runner.stdin.flush()
            status, wall, cpu = map(int, self.runner.stdout.readline().split())
        except (OSError, ValueError):
            raise Failure(f"the runner of {self.name} has gone") from None
        return status, wall / 1000, cpu / 1000

    def time(self, words, verb="run", extra=()):
        """Milliseconds that the command took. Raises Failure if it failed."""
        status, wall, _ = self.ask(verb, [*extra, *words])
        if status:
            raise Failure(f"{pathlib.Path(words[0]).name} {' '.join(map(str, words[-4:]))}: status {status}: {self.said()}")
        return wall

    def inside(self, words):
        """The words that run a command there from here."""
        return ["nsenter", f"--target={self.runner.pid}", "--mount", "--net", "--root", "--wd", *map(str, words)]

    def beside(self, words):
        """The words that run a command of the machine's own on the network of this place."""
        return ["nsenter", f"--target={self.runner.pid}", "--net", *map(str, words)]

    def call(self, words, stdin=None, timeout=600, environment=None):
        """Runs a command there that is not timed. Returns what it printed; raises Failure."""
        try:
            done = subprocess.run(self.inside(words), stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env={**self.environment, **(environment or {})}, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{words[0]}: no end within {timeout} s") from None
        if done.returncode:
            lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
            raise Failure(f"{pathlib.Path(words[0]).name}: {' '.join(lines[-1].split())[-300:] if lines else f'status {done.returncode}'}")
        return done.stdout.decode(errors="replace")

    def daemon(self, words, log, inside=True):
        """Starts a program that stays, there or beside. Returns its process; nsenter executes it, so the id is its own."""
        with open(log, "wb") as file:
            return subprocess.Popen(self.inside(words) if inside else self.beside(words), stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=self.environment)

    def close(self):
        self.runner.stdin.close()
        self.runner.wait()
