#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the manual pages and completions in a build directory against the programs' tables.

usage: documents_test.py BUILD-DIRECTORY-OF-SHARE

Every command and every option must be in its page and be offered by each shell's completion, the pages must format
without a warning, and the completions are asked as a person would ask them: bash's and fish's by their own means, zsh's
through a terminal. A shell that is not installed is passed over, and named.
"""

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import generate  # noqa: E402

failures = []


def check(condition, message):
    if not condition:
        failures.append(message)


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def plain(roff):
    return roff.replace("\\-", "-").replace("\\&...", "…").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")


def check_pages(build, program, commands, section):
    pages = []
    for command in [program] + commands:
        name = program.name if command is program else f"{program.name}-{command.page}"
        page = os.path.join(build, f"{name}.{section}")
        text = plain(read(page))
        check(not re.search("@[A-Z]+@", text), f"{name}: a place of the template was not filled")
        for option in command.options:
            check(f"--{option.name}" in text, f"{name}: --{option.name} is missing")
        pages.append(page)
    if shutil.which("groff"):
        result = subprocess.run(["groff", "-ww", "-man", "-Tascii", "-z", *pages], capture_output=True, text=True, check=False)
        check(result.returncode == 0 and not result.stderr, f"{program.name}: groff says: {result.stderr}")
    for command in commands + program.groups:
        group = command.group if command in commands else ""
        overview = plain(read(build, f"{program.name}{'-' if group else ''}{group}.{section}"))
        page = command.name.replace(" ", "-")
        check(f"{program.name}-{page}({section})" in overview, f"{program.name}: the command {command.name} is missing")


# What stands for the program where names of objects are asked for.
PROGRAM = """#!/bin/sh
[ "$1" != --root ] || { root=$2; shift 2; }
case "$*" in
ps*) echo ${root}container ;;
images*) echo ${root}image ;;
"network ls"*) echo ${root}network ;;
"volume ls"*) echo ${root}volume ;;
esac
"""

OBJECTS = ["container", "image", "network", "volume"]

# What of them is offered where; nothing else is.
OFFERED = [
    (["rm", "container", ""], ["container"]),
    (["logs", ""], ["container"]),
    (["container", "rename", ""], ["container"]),
    (["run", ""], ["image"]),
    (["network", "connect", ""], ["network"]),
    (["network", "connect", "network", ""], ["container"]),
    (["network", "rm", "network", ""], ["network"]),
    (["network", "create", ""], []),
    (["volume", "rm", ""], ["volume"]),
    (["volume", "clone", "volume", ""], []),
    (["inspect", ""], OBJECTS),
    (["run", "--network", ""], ["network"]),
    (["update", "--network-rm", ""], ["network"]),
    (["create", "--volumes-from", ""], ["container"]),
    (["--root", "/x/", "volume", "inspect", ""], ["/x/volume"]),
]


class Bash:
    """A bash that has read a completion, and answers questions."""

    LOOP = (
        'source "$1" || exit; while IFS= read -r line; do eval "set -- $line"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); '
        '"_${1//-/_}"; printf "%s\\n" "${COMPREPLY[@]}" --next; done'
    )

    def __init__(self, script):
        self.process = subprocess.Popen(["bash", "-c", self.LOOP, "bash", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, words):
        """What it offers for the last of WORDS."""
        self.process.stdin.write(shlex.join(words) + "\n")
        self.process.stdin.flush()
        offered = []
        for line in self.process.stdout:
            if line == "--next\n":
                return offered
            offered += line.split()
        check(False, f"bash {words}: it ended")
        return offered

    def end(self):
        self.process.stdin.close()
        check(self.process.wait() == 0, "bash: it failed")


def ask_fish(script, questions):
    """What fish offers for the last word of each of QUESTIONS."""
    ask = "source $argv[1]; for line in $argv[2..-1]; complete -C $line; echo --next; end"
    lines = [" ".join(words) for words in questions]
    result = subprocess.run(["fish", "--no-config", "-c", ask, script, *lines], capture_output=True, text=True, check=False)
    check(result.returncode == 0, f"fish: {result.stderr}")
    answers = result.stdout.split("--next\n")[:-1]
    return [[line.split("\t")[0] for line in answer.splitlines()] for answer in answers]


# The prompt is put together, so that it is not seen in what is typed. A question ends with a tab, which completes and drops it:
# no line is executed, as then the terminal would edit what is typed meanwhile.
ZSH_SETUP = r"""
PROMPT='ask''ed:'
fpath=($1 $fpath)
autoload -Uz compinit && compinit -u -D
compadd() {
	local -a hits
	# What only asks for matches is somebody else's step.
	if [[ " $* " != *" -"[OAD]" "* ]]; then
		builtin compadd -O hits "$@"
		(( $#hits )) && print -rl -- $hits >>$OFFERED
	fi
	builtin compadd "$@"
}
ask() {
	zle complete-word
	BUFFER=''
	print -- --next >>$OFFERED
}
zle -N ask
bindkey '^I' ask
setopt no_beep no_always_last_prompt
# A long list is not asked about first: the answer would be the next question.
LISTMAX=100000
"""


def read_until(fd, text):
    """Reads what a terminal shows until TEXT or the hang-up."""
    shown = b""
    while text not in shown:
        try:
            data = os.read(fd, 4096)
        except OSError:
            return
        if not data:
            return
        shown += data


def wait_for_answer(fd, offered, number):
    """Waits for the end of answer NUMBER in the file OFFERED, and reads what the terminal shows meanwhile."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if os.path.exists(offered) and read(offered).count("--next\n") >= number:
            return
        if select.select([fd], [], [], 0.01)[0]:
            os.read(fd, 65536)


def ask_zsh(script, questions):
    """What zsh offers: the questions are typed into a terminal, and what is added to the offers is written down."""
    name = os.path.basename(script).removesuffix("-zsh")
    with tempfile.TemporaryDirectory() as directory:
        setup, functions, offered = (os.path.join(directory, part) for part in ("setup", "functions", "offered"))
        os.mkdir(functions)
        shutil.copy(script, os.path.join(functions, "_" + name))
        with open(setup, "w", encoding="utf-8") as file:
            file.write(ZSH_SETUP)
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update({"OFFERED": offered, "TERM": "dumb", "HOME": directory})
            os.execvp("zsh", ["zsh", "-f", "-i"])
        os.write(fd, f"source {setup} {functions}\n".encode())
        read_until(fd, b"asked:")
        for number, words in enumerate(questions, 1):
            os.write(fd, f"{' '.join(words)}\t".encode())
            wait_for_answer(fd, offered, number)
        os.write(fd, b"exit\n")
        read_until(fd, b"never shown")
        os.close(fd)
        check(os.waitpid(pid, 0)[1] == 0, "zsh: it failed")
        answers = read(offered).split("--next\n")[:-1] if os.path.exists(offered) else []
    return [answer.split() for answer in answers]


def check_asked(shell, ask, build, program, commands):
    """Each command and option is offered where it belongs, and nothing where it does not."""
    start, names = program.name, [word for word, _ in generate.first_words(program, commands)]
    options = {command.name: [f"--{option.name}" for option in command.options] for command in commands}
    wanted = [([start, ""], names), ([start, "help", ""], names), ([start, "--"], [f"--{option.name}" for option in program.options])]
    wanted += [([start, *name.split(), "--"], options[name]) for name in options]
    wanted += [([start, group.name, ""], [command.word for command in group.members(commands)]) for group in program.groups]
    excluded = {}
    if start == "bivy-runtime":
        wanted += [
            ([start, "--root", "/x", ""], names),
            ([start, "--root", "/x", "--debug", "run", "--"], options["run"]),
            ([start, "--root=/x", "run", "--"], options["run"]),
            ([start, "--log-format", ""], ["text", "json"]),
            ([start, "list", "-f", ""], ["table", "json"]),
            ([start, "kill", "id", "K"], ["KILL"]),
            ([start, "kill", ""], []),
            ([start, "exec", "run", "--"], []),
            ([start, "state", "--root", "exec", "--"], []),
        ]
        excluded = {len(wanted) - 3: names, len(wanted) - 2: options["exec"] + options["run"], len(wanted) - 1: options["exec"]}
    if start == "bivy":
        excluded = {len(wanted) + i: [name for name in OBJECTS if name not in names] for i, (_, names) in enumerate(OFFERED)}
        wanted += [([start, *words], names) for words, names in OFFERED]
    answers = ask(os.path.join(build, f"{start}-{shell}"), [words for words, _ in wanted])
    check(len(answers) == len(wanted), f"{shell}: {len(answers)} answers to {len(wanted)} questions")
    for number, ((words, expected), answer) in enumerate(zip(wanted, answers)):
        for word in expected:
            check(word in answer, f"{shell}: {words}: {word} is missing in {answer}")
        for word in excluded.get(number, []):
            check(word not in answer, f"{shell}: {words}: {word} is offered")


def check_bash(build, program, commands):
    bash = Bash(os.path.join(build, f"{program.name}-bash"))
    names = [word for word, _ in generate.first_words(program, commands)]
    check(sorted(bash.ask([program.name, ""])) == sorted(names), "bash: commands")
    check(bash.ask([program.name, names[0][:-1]]) != [], "bash: beginning of a command")
    check(sorted(bash.ask([program.name, "help", ""])) == sorted(names), "bash: commands after help")
    for command in [program] + commands:
        before = [program.name] if command is program else [program.name, *command.name.split()]
        offered = bash.ask(before + ["-"])
        for option in command.options:
            for word in option.spellings:
                check(word in offered, f"bash: {before}: {word} is missing")
            if option.words:
                check(bash.ask(before + [f"--{option.name}", ""]) == option.words, f"bash: words of --{option.name}")
                check(bash.ask(before + [f"--{option.name}", "=", ""]) == option.words, f"bash: words of --{option.name}=")
            if option.kind == "directory":
                check("/usr" in bash.ask(before + [f"--{option.name}", "/us"]), f"bash: directories for --{option.name}")
    for group in program.groups:
        members = sorted(command.word for command in group.members(commands))
        check(sorted(bash.ask([program.name, group.name, ""])) == members, f"bash: commands of {group.name}")
        check(sorted(bash.ask([program.name, "help", group.name, ""])) == members, f"bash: commands of {group.name} after help")
    if program.name == "bivy":
        for words, expected in OFFERED:
            offered = bash.ask([program.name, *words])
            check(sorted(offered) == sorted(expected), f"bash: {words}: {offered}")
    # Options before the command, with values, do not hide it.
    if program.name == "bivy-runtime":
        offered = bash.ask([program.name, "--root", "/x", "--debug", "run", "--bun"])
        check(offered == ["--bundle"], f"bash: behind global options: {offered}")
        check("KILL" in " ".join(bash.ask([program.name, "kill", "id", "SIGK"])), "bash: signals")
        check(bash.ask([program.name, "exec", "id", "-"]) == [], "bash: the options of an executed command are its own")
    bash.end()


def check_other_shells(build, program, commands):
    zsh, fish = read(build, f"{program.name}-zsh"), read(build, f"{program.name}-fish")
    for command in [program] + commands:
        for option in command.options:
            check(f"--{option.name}" in zsh, f"zsh: --{option.name} is missing")
            check(f"-l {option.name} " in fish, f"fish: --{option.name} is missing")
    for command in commands:
        check(f"\t({command.word})\n" in zsh, f"zsh: {command.name} is missing")
        check(f" {command.word} '" in fish, f"fish: {command.name} is missing")
    for shell, ask in (("zsh", ask_zsh), ("fish", ask_fish)):
        if not shutil.which(shell):
            print(f"missing: {shell}")
        else:
            result = subprocess.run([shell, "-n", os.path.join(build, f"{program.name}-{shell}")], capture_output=True, text=True, check=False)
            check(result.returncode == 0, f"{shell}: {result.stderr}")
            check_asked(shell, ask, build, program, commands)


def main():
    build = sys.argv[1]
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "bivy")
        with open(path, "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        os.chmod(path, 0o755)
        os.environ["PATH"] = directory + ":" + os.environ["PATH"]
        for name, section in (("bivy-runtime", "8"), ("bivy", "1")):
            program, commands = generate.read_tables(os.path.join(build, f"{name}.tables"))
            check(commands, f"{name}: no commands")
            check_pages(build, program, commands, section)
            check_bash(build, program, commands)
            check_other_shells(build, program, commands)
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
