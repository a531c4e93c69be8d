#!/usr/bin/env python3
"""What a person sees of docker's command line, by sections of commands: run, and compared with a recording.

usage: docker_session.py run SECTIONS OUTPUT [NAME…]       against DOCKER_HOST; what was seen goes to OUTPUT/NAME
       docker_session.py compare RECORDING OUTPUT DIFFERENCES [NAME…]
       docker_session.py differences RECORDING OUTPUT [NAME…]  all there are, in the form of that file

A section is a file of shell commands, one a line, each run by a bash of its own in the section's directory; '#' begins a comment.
Sections run side by side but those that say `# alone`: these come last, one after the other. In a recording "$ " begins a command,
"| " a line of its standard output, "! " of its standard error (a "%" after the last one: it does not end), "= " its exit status.

Words that cannot be the same twice are told by what they are: an id is <id 1>, wherever it comes again in what a command shows, and
<id 1 short> its first 12 digits; <time>, <age>, <size>, <address>, <mac>, <port> the others; and several spaces, which stand between
columns, are two.

DIFFERENCES has those that are meant: "# " a reason, "@ NAME: COMMAND" where, then the lines that only the recording ("-") and only
the output ("+") has, in their order. Each is there, exactly, or the comparison fails.
"""

import concurrent.futures
import difflib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

LIB = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 60  # seconds for a command
AT_ONCE = 4

# What each command finds. `import_bb` makes the image that all begin with; TALK is a shell that edits no lines.
PRELUDE = r"""
terminal() { python3 "$LIB/terminal.py" "$@"; }
until_() { for _ in {1..200}; do ! eval "$1" >/dev/null 2>&1 || return 0; sleep 0.05; done; echo "in vain: $1"; return 1; }
TALK='while printf "# "; read -r line; do eval "$line"; done'
import_bb() { docker import -c 'CMD ["sh"]' "$ROOT_TAR" bb >/dev/null; }
"""


# ---- what was seen ------------------------------------------------------------------------------


class Words:
    """Puts what they are in the place of words that are never the same."""

    PATTERNS = [
        (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)"), "<time>"),
        (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} UTC"), "<time>"),
        (re.compile(r"\b(Less than a second|\d+ (second|minute|hour|day|week)s?|About an? (minute|hour))\b"), "<age>"),
        (re.compile(r"\b(?!0B)\d+(\.\d+)?(e[+-]\d+)?(k|M|G|Ki|Mi|Gi)?B\b"), "<size>"),
        (re.compile(r"<size> \(\d+%\)"), "<size> (<n>%)"),
        (re.compile(r'(?<="reclaimed":")\d+(?=")'), "<size>"),
        (re.compile(r"(digest: \S+ size:) \d+"), r"\1 <size>"),
        (re.compile(r"\b(172\.(1[6-9]|2\d|3[01])|192\.168|10\.[0-8]?\d)\.\d+\.\d+\b"), "<address>"),
        (re.compile(r"/\S*(?=/containers/<id)"), "<run root>"),
        (re.compile(r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b"), "<mac>"),
        (re.compile(r"(?<=0\.0\.0\.0:)(3[2-9]|[45]\d|6[0-5])\d{3}\b"), "<port>"),
        (re.compile(r"(?<=\[::\]:)(3[2-9]|[45]\d|6[0-5])\d{3}\b"), "<port>"),
    ]

    def __init__(self, places):
        self.ids = {}
        self.places = places  # of paths and addresses that this run has: what they are

    def take_id(self, found):
        text = found.group(0)
        if text == text[0] * len(text):
            return text
        number = self.ids.setdefault(text[:12], len(self.ids) + 1)
        return f"<id {number}{' short' if len(text) == 12 else ''}>"

    def replace(self, text):
        for place, word in self.places.items():
            text = text.replace(place, word)
        text = re.sub(r"\b([0-9a-f]{64}|[0-9a-f]{12})\b", self.take_id, text)
        for pattern, word in self.PATTERNS:
            text = pattern.sub(word, text)
        return re.sub(r"(?<=\S)  +", "  ", text).rstrip(" ")


def lines(mark, data, words):
    text = data.decode(errors="replace").replace("\r", "")
    if not text:
        return []
    ended = text.endswith("\n")
    out = [mark + words.replace(line) for line in text.split("\n")[: -1 if ended else None]]
    if not ended:
        out[-1] += "%"
    return out


# ---- run ----------------------------------------------------------------------------------------


def read_section(path):
    with open(path) as file:
        texts = [line.rstrip("\n") for line in file]
    return [text for text in texts if text and not text.startswith("#")], "# alone" in texts


def run_command(command, directory, environment):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(["bash", "-c", PRELUDE + command], cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=err, start_new_session=True)
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            status = "it does not end"
        out.seek(0)
        err.seek(0)
        return out.read(), err.read(), status


def run_section(name, commands, output, environment):
    directory = tempfile.mkdtemp(prefix="session.")
    words = Words({directory: "<dir>", environment["REGISTRY"]: "<registry>", environment["REGISTRY"].split(":")[1]: "<registry port>",
                   os.environ["DOCKER_HOST"].split("://")[1]: "<socket>"})
    begin = time.monotonic()
    try:
        with open(os.path.join(output, name), "w") as file:
            for command in commands:
                words.ids.clear()
                out, err, status = run_command(command, directory, environment)
                seen = lines("| ", out, words) + lines("! ", err, words) + [f"= {status}"]
                file.write("\n".join([f"$ {command}"] + seen) + "\n")
                file.flush()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return f"{name}: {len(commands)} commands, {time.monotonic() - begin:.1f} s"


class Registry:
    """Debian's, on a loopback port, with its files in DIRECTORY."""

    def __init__(self, directory):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = os.path.join(directory, "registry.yml")
        with open(config, "w") as file:
            file.write(f"version: 0.1\nlog: {{ level: error, accesslog: {{ disabled: true }} }}\nstorage: {{ filesystem: "
                       f"{{ rootdirectory: {directory}/registry }} }}\nhttp: {{ addr: '127.0.0.1:{self.port}' }}\n")
        self.process = subprocess.Popen(["docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        sys.exit("docker_session.py: the registry does not start")

    def end(self):
        self.process.kill()
        self.process.wait()


def run_all(directory, output, names):
    os.makedirs(output, exist_ok=True)
    sections = {name: read_section(os.path.join(directory, name)) for name in names or sorted(os.listdir(directory))}
    scratch = tempfile.mkdtemp(prefix="session.")
    registry = Registry(scratch)
    environment = dict(os.environ, LIB=LIB, REGISTRY=f"localhost:{registry.port}", DOCKER_BUILDKIT="0", DOCKER_CONFIG=scratch + "/docker",
                       DOCKER_CLI_HINTS="false", TERM="xterm", TZ="UTC", LC_ALL="C", COLUMNS="200")
    try:
        subprocess.run(["bash", "-c", PRELUDE + "import_bb"], env=environment, check=True)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            begun = [pool.submit(run_section, name, commands, output, environment) for name, (commands, alone) in sections.items() if not alone]
            for section in begun:
                print(section.result())
        for name, (commands, alone) in sections.items():
            if alone:
                print(run_section(name, commands, output, environment))
    finally:
        registry.end()
        shutil.rmtree(scratch, ignore_errors=True)


# ---- compare --------------------------------------------------------------------------------------


def read_recording(path):
    """[(command, [line, …]), …]"""
    steps = []
    with open(path) as file:
        for line in file.read().split("\n")[:-1]:
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
    return steps


def difference(expected, seen):
    """Lines with '-' and '+' before them; none if there is no difference."""
    return [line for line in difflib.unified_diff(expected, seen, n=0, lineterm="") if not re.match(r"--- $|\+\+\+ $|@@ ", line)]


def compare_section(name, recording, output):
    """{'NAME: COMMAND': [line, …], …} of the commands that differ."""
    recorded, seen = (read_recording(os.path.join(path, name)) for path in (recording, output))
    if [command for command, _ in recorded] != [command for command, _ in seen]:
        sys.exit(f"docker_session.py: the recording of '{name}' is not of the same commands: record it again")
    found = {}
    for (command, expected), (_, lines_seen) in zip(recorded, seen):
        changed = difference(expected, lines_seen)
        if changed:
            found[f"{name}: {command}"] = changed
    return found


def read_differences(path, names):
    """{'NAME: COMMAND': [line, …], …} of what is meant, in these sections."""
    meant, lines_of = {}, None
    with open(path) as file:
        for line in file.read().split("\n"):
            if line.startswith("@ "):
                key = line[2:]
                lines_of = [] if key.split(":")[0] in names else None
                if lines_of is not None and key in meant:
                    sys.exit(f"docker_session.py: twice in '{path}': {key}")
                if lines_of is not None:
                    meant[key] = lines_of
            elif line[:1] in ("-", "+") and lines_of is not None:
                lines_of.append(line)
            elif line and line[:1] not in ("#", "-", "+"):
                sys.exit(f"docker_session.py: not a line of differences: {line}")
    return meant


def compare(recording, output, differences, names):
    failed = 0
    for name in names:
        found, meant = compare_section(name, recording, output), read_differences(differences, [name])
        if os.geteuid() != 0:
            meant |= read_differences(differences + ".user", [name])
        for key in list(found) + [key for key in meant if key not in found]:
            if found.get(key) == meant.get(key):
                continue
            failed += 1
            print("@ " + key, *found.get(key, ["  (no difference, but one is meant)"]), sep="\n")
            if key in meant and key in found:
                print("  meant:", *meant[key], sep="\n  ")
    return failed


def main():
    verb, arguments = sys.argv[1], sys.argv[2:]
    if verb == "run":
        run_all(arguments[0], arguments[1], arguments[2:])
    elif verb == "compare":
        sys.exit(compare(*arguments[:3], arguments[3:] or sorted(os.listdir(arguments[0]))) != 0)
    elif verb == "differences":
        for name in arguments[2:] or sorted(os.listdir(arguments[0])):
            for key, changed in compare_section(name, *arguments[:2]).items():
                print("@ " + key, *changed, sep="\n")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
