#!/usr/bin/env python3
"""Adds up the test cases of several builds from meson's testlog.json files and prints what failed and what was skipped.

usage: tally.py LABEL=FILE[,AGAIN] … | --failed FILE | --self-check

FILE holds one JSON object a line with name, result and stdout. A test that speaks TAP counts once for each of its cases,
another once. AGAIN is the log of failed tests that were run once more, alone: its results replace those of FILE. The last
line printed is `N passed, N failed, N skipped`; the status is 1 if anything failed or nothing passed. --failed prints the
names of the tests of a log that failed, as meson test takes them.
"""

import collections
import json
import re
import sys

CASE = re.compile(r"^(not )?ok\b[ \t]*(\d+)?[ \t]*(?:- )?(.*?)(?:[ \t]+#[ \t]*(skip|todo)\b[ \t]*(.*))?$", re.I)
PLAN = re.compile(r"^1\.\.(\d+)[ \t]*(?:#[ \t]*(?:skip\S*)[ \t]*(.*))?$", re.I)
TIMING = re.compile(r" in \d+ms$")
TAIL = 25

Tally = collections.namedtuple("Tally", "passed failed skipped")


def read_log(path):
    """name -> test of one testlog.json; a missing file holds none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            tests = [json.loads(line) for line in file if line.strip()]
    except FileNotFoundError:
        return {}
    return {test["name"]: test for test in tests}


def cases_of(test):
    """(outcome, name, details) of every case of one test; outcome is passed, failed or skipped."""
    result = test.get("result", "")
    output = (test.get("stdout") or "").splitlines()
    cases, planned, seen = [], None, 0
    for line in output:
        if plan := PLAN.match(line):
            planned = int(plan.group(1))
            if planned == 0:
                return [("skipped", "", plan.group(2) or "no reason given")]
        elif case := CASE.match(line):
            failed, _, name, word, reason = case.groups()
            name = TIMING.sub("", name)
            seen += 1
            if word and word.lower() == "skip":
                cases.append(["skipped", name, reason or "no reason given"])
            elif failed and not word:
                cases.append(["failed", name, []])
            else:
                cases.append(["passed", name, ""])
        elif line.startswith("#") and cases and cases[-1][0] == "failed":
            cases[-1][2].append(line)
    if planned is None:
        outcome = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}.get(result, "failed")
        said = output + (test.get("stderr") or "").splitlines()
        return [(outcome, "", {"passed": "", "skipped": said[-1] if said else "no reason given"}.get(outcome, [f"({result})"] + said))]
    broken = result not in ("OK", "SKIP", "EXPECTEDFAIL") and not any(case[0] == "failed" for case in cases)
    if seen != planned or broken:
        said = output + (test.get("stderr") or "").splitlines()
        cases.append(["failed", f"(ended as {result} after {seen} of {planned} cases)", said])
    return [tuple(case) for case in cases]


def count(logs, show):
    """Adds up logs, a list of (label, {name: test}, {name: test again}); SHOW takes the lines to print."""
    numbers = collections.Counter()
    failures, skips, again = [], collections.defaultdict(collections.Counter), []
    for label, tests, repeated in logs:
        for name, test in tests.items():
            test_name = f"{label}: {name.split(' / ')[-1]}"
            if name in repeated:
                test = repeated[name]
                again.append(f"{test_name}: failed, run once more alone: {'passed' if test.get('result') == 'OK' else 'failed again'}")
            for outcome, case, details in cases_of(test):
                numbers[outcome] += 1
                if outcome == "failed":
                    failures.append((f"{test_name}: {case}".rstrip(": "), details))
                elif outcome == "skipped":
                    skips[details][label] += 1
    for reason, labels in sorted(skips.items()):
        show(f"skipped: {reason}: " + ", ".join(f"{number} {label}" for label, number in labels.items()))
    for line in again:
        show(f"again: {line}")
    for name, details in failures:
        show(f"FAILED: {name}")
        for line in details[-TAIL:]:
            show(f"    {line}")
    return Tally(numbers["passed"], numbers["failed"], numbers["skipped"])


def self_check():
    """The counting is tried on logs whose sums are known."""

    def test(name, result, stdout):
        return {name: {"name": name, "result": result, "stdout": stdout}}

    bats = "1..5\nok 1 first in 10ms\nnot ok 2 second # in the name in 3ms\n# because\n# of this\nok 3 third in 5ms # skip missing: root\n"
    samples = [
        (test("a", "FAIL", bats + "ok 4 fourth\nok 5 - fifth # TODO later\n"), {}, (3, 1, 1)),
        (test("a", "FAIL", bats), {}, (1, 2, 1)),
        (test("a", "TIMEOUT", "1..2\nok 1 x\nok 2 y\n"), {}, (2, 1, 0)),
        (test("a", "OK", "1..2\nok 1 - x\nok 2 - y\n# ok - tests\n"), {}, (2, 0, 0)),
        (test("a", "OK", ""), {}, (1, 0, 0)),
        (test("a", "FAIL", "text"), {}, (0, 1, 0)),
        (test("a", "ERROR", ""), {}, (0, 1, 0)),
        (test("a", "SKIP", "1..0 # skip missing: podman\n"), {}, (0, 0, 1)),
        (test("a", "FAIL", bats), test("a", "OK", "1..1\nok 1 x\n"), (1, 0, 0)),
        (test("a", "FAIL", "1..1\nnot ok 1 x\n"), test("a", "FAIL", "1..1\nnot ok 1 x\n"), (0, 1, 0)),
    ]
    wrong = 0
    for number, (tests, repeated, want) in enumerate(samples):
        lines = []
        got = count([("build", tests, repeated)], lines.append)
        if tuple(got) != want:
            wrong += 1
            print(f"sample {number}: expected {want}, got {tuple(got)}")
        if want[1] and not any(line.startswith("FAILED: build: a") for line in lines):
            wrong += 1
            print(f"sample {number}: the failure is not listed: {lines}")
    print(f"{len(samples)} samples, {wrong} wrong")
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ["--self-check"]:
        return self_check()
    if sys.argv[1:2] == ["--failed"]:
        for name, test in read_log(sys.argv[2]).items():
            if any(outcome == "failed" for outcome, _, _ in cases_of(test)):
                print(name.split(" / ")[-1])
        return 0
    logs = []
    for argument in sys.argv[1:]:
        label, _, paths = argument.partition("=")
        path, _, again = paths.partition(",")
        logs.append((label, read_log(path), read_log(again) if again else {}))
    tally = count(logs, print)
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
