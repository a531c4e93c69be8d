#!/usr/bin/env python3
"""Runs the course (docs/course/README.md) as a reader would: every line behind a "$", in one shell, and what it prints is what the
page says, where "…" is anything. The other languages must have the same blocks.

    course.py SOURCE BUILD        needs root; run it in a network namespace of its own (tests/lib/in-network)
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

FENCE = "```"
MARK = "-- the end of it --"
NEEDED = ("perl", "ipcmk", "ip", "nsenter", "unshare", "ps")


def blocks_of(path):
    """The texts of the console blocks."""
    blocks, lines = [], None
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if lines is not None and line == FENCE:
                blocks.append("\n".join(lines))
                lines = None
            elif lines is not None:
                lines.append(line)
            elif line == FENCE + "console":
                lines = []
    assert lines is None, f"{path}: a block has no end"
    return blocks


def commands_of(block):
    """(command, lines that are expected) for each "$" of a block."""
    commands = []
    for line in block.split("\n"):
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            assert commands, f"a block begins with output: {line!r}"
            commands[-1][1].append(line)
    return commands


def matches(expected, got):
    """A line "…" is any number of lines, "…" in a line any text."""
    if not expected:
        return not got
    if expected[0] == "…":
        return any(matches(expected[1:], got[n:]) for n in range(len(got) + 1))
    pattern = ".*".join(re.escape(part) for part in expected[0].split("…"))
    return bool(got) and re.fullmatch(pattern, got[0].rstrip() if expected[0].rstrip() == expected[0] else got[0]) is not None and \
        matches(expected[1:], got[1:])


class Shell:
    def __init__(self, directory, environment):
        self.process = subprocess.Popen(["bash", "--norc", "--noprofile"], cwd=directory, env=environment, text=True, encoding="utf-8",
                                        errors="replace", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, command):
        """What COMMAND prints, line by line; a line that is not ended is ended."""
        self.process.stdin.write(f"{command}\nprintf '\\n%s\\n' '{MARK}'\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.rstrip("\n") == MARK:
                break
            lines.append(line.rstrip("\n"))
        else:
            sys.exit(f"the shell has ended in: {command}")
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def end(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait()


def check_languages(directory, blocks):
    for name in sorted(os.listdir(directory)):
        if name.startswith("README.") and name.endswith(".md") and name != "README.md":
            others = blocks_of(os.path.join(directory, name))
            assert others == blocks, f"{name}: its blocks are not those of README.md, first at number " \
                f"{next((n for n, pair in enumerate(zip(blocks, others)) if pair[0] != pair[1]), min(len(blocks), len(others)))}"
    for name in sorted(os.listdir(directory)):
        if name.endswith(".md"):
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                for link in re.findall(r"\]\(([^):]+)\)", file.read()):
                    assert os.path.exists(os.path.join(directory, link)), f"{name}: there is no {link}"


def run(blocks, work, environment):
    shell, failed, count = Shell(work, environment), 0, 0
    for block in blocks:
        for command, expected in commands_of(block):
            got = shell.run(command)
            count += 1
            while expected and not expected[-1]:
                expected.pop()
            if not matches(expected, got):
                failed += 1
                print(f"$ {command}\nexpected:\n" + "\n".join(f"  {line}" for line in expected) + "\ngot:\n" + "\n".join(f"  {line}" for line in got))
    shell.end()
    print(f"{count} commands, {failed} of which print something else")
    return failed


def main():
    source, build = (os.path.abspath(argument) for argument in sys.argv[1:3])
    directory = os.path.join(source, "docs", "course")
    blocks = blocks_of(os.path.join(directory, "README.md"))
    check_languages(directory, blocks)
    missing = [program for program in NEEDED if not shutil.which(program)]
    if os.geteuid() != 0 or missing:
        print("missing: " + (", ".join(missing) or "root"))
        sys.exit(77)
    work = tempfile.mkdtemp(prefix="bivy-course.")
    os.chmod(work, 0o755)
    state = ("--root", os.path.join(work, "state"), "--run-root", os.path.join(work, "run"))
    os.mkdir(os.path.join(work, "bin"))
    with open(os.path.join(work, "bin", "bivy"), "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec "{build}/bivy" {" ".join(state)} "$@"\n')
    os.chmod(os.path.join(work, "bin", "bivy"), 0o755)
    environment = {"PATH": os.path.join(work, "bin") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                   "HOME": work, "TERM": "dumb"}
    os.mkdir(os.path.join(work, "here"))
    try:
        failed = run(blocks, os.path.join(work, "here"), environment)
    finally:
        left = subprocess.run([f"{build}/bivy", *state, "ps", "-aq"], capture_output=True, text=True, check=False).stdout.split()
        if left:
            subprocess.run([f"{build}/bivy", *state, "rm", "-f", *left], stdout=subprocess.DEVNULL, check=False)
        subprocess.run(["umount", "-R", "-l", os.path.join(work, "here", "place")], stderr=subprocess.DEVNULL, check=False)
        subprocess.run([f"{build}/bivy", *state, "network", "prune", "-f"], stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
