#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the manual pages and completions in a build directory against the programs' tables.

usage: documents_test.py BUILD-DIRECTORY-OF-SHARE

Every command and every option must be in its page and be offered by each shell's completion, the pages must format
without a warning, and the completion of bash, which is at hand, is asked as a person would ask it.
"""

import os
import shutil
import subprocess
import sys

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
    for command in [program] + commands:
        name = program.name if command is program else f"{program.name}-{command.name}"
        page = os.path.join(build, f"{name}.{section}")
        text = plain(read(page))
        check("@" not in text, f"{name}: a place of the template was not filled")
        for option in command.options:
            check(f"--{option.name}" in text, f"{name}: --{option.name} is missing")
        if shutil.which("groff"):
            result = subprocess.run(["groff", "-ww", "-man", "-Tascii", "-z", page], capture_output=True, text=True, check=False)
            check(result.returncode == 0 and not result.stderr, f"{name}: groff says: {result.stderr}")
    overview = plain(read(build, f"{program.name}.{section}"))
    for command in commands:
        check(f"{program.name}-{command.name}({section})" in overview, f"{program.name}: the command {command.name} is missing")


def ask_bash(script, words):
    """What bash offers for the last of WORDS."""
    ask = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '"_${1//-/_}"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    result = subprocess.run(["bash", "-c", ask, "bash", script, *words], capture_output=True, text=True, check=False)
    check(result.returncode == 0, f"bash {words}: {result.stderr}")
    return result.stdout.split()


def check_bash(build, program, commands):
    script = os.path.join(build, f"{program.name}-bash")
    names = [command.name for command in commands]
    check(sorted(ask_bash(script, [program.name, ""])) == sorted(names), "bash: commands")
    check(ask_bash(script, [program.name, names[0][:-1]]) != [], "bash: beginning of a command")
    check(sorted(ask_bash(script, [program.name, "help", ""])) == sorted(names), "bash: commands after help")
    for command in [program] + commands:
        before = [program.name] if command is program else [program.name, command.name]
        offered = ask_bash(script, before + ["-"])
        for option in command.options:
            for word in option.spellings:
                check(word in offered, f"bash: {before}: {word} is missing")
            if option.words:
                check(ask_bash(script, before + [f"--{option.name}", ""]) == option.words, f"bash: words of --{option.name}")
                check(ask_bash(script, before + [f"--{option.name}", "=", ""]) == option.words, f"bash: words of --{option.name}=")
            if option.kind == "directory":
                check("/usr" in ask_bash(script, before + [f"--{option.name}", "/us"]), f"bash: directories for --{option.name}")
    # Options before the command, with values, do not hide it.
    if program.name == "bivy-runtime":
        offered = ask_bash(script, [program.name, "--root", "/x", "--debug", "run", "--bun"])
        check(offered == ["--bundle"], f"bash: behind global options: {offered}")
        check("KILL" in " ".join(ask_bash(script, [program.name, "kill", "id", "SIGK"])), "bash: signals")
        check(ask_bash(script, [program.name, "exec", "id", "-"]) == [], "bash: the options of an executed command are its own")


def check_other_shells(build, program, commands):
    zsh, fish = read(build, f"{program.name}-zsh"), read(build, f"{program.name}-fish")
    for command in [program] + commands:
        for option in command.options:
            check(f"--{option.name}" in zsh, f"zsh: --{option.name} is missing")
            check(f"-l {option.name} " in fish, f"fish: --{option.name} is missing")
    for command in commands:
        check(f"\t({command.name})\n" in zsh, f"zsh: {command.name} is missing")
        check(f" -a {command.name} -d " in fish, f"fish: {command.name} is missing")
    for shell in ("zsh", "fish"):
        if shutil.which(shell):
            result = subprocess.run([shell, "-n", os.path.join(build, f"{program.name}-{shell}")], capture_output=True, text=True, check=False)
            check(result.returncode == 0, f"{shell}: {result.stderr}")


def main():
    build = sys.argv[1]
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
