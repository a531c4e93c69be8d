#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes manual pages and shell completions from a program's own tables.

usage: generate.py man TABLES TEMPLATE VERSION OUTPUT…     one page for the program (from the template) and one per command
       generate.py bash|zsh|fish TABLES TEMPLATE OUTPUT

TABLES is the output of `PROGRAM help --dump` (commands_dump() in src/base/commands.h). The outputs of `man` are named
PROGRAM.SECTION and PROGRAM-COMMAND.SECTION (for "image ls" of the group "image": PROGRAM-image-ls, and PROGRAM-image); one
that is missing or too many is an error, so that the list in meson.build cannot fall behind. A template holds the prose; @NAME@ stands for what is made here.
"""

import os
import re
import signal
import sys


# What names of objects that exist are asked for with, by the word that stands for one in the tables.
KINDS = {
    "CONTAINER": ("container", "ps --all --format '{{.Names}}'"),
    "IMAGE": ("image", "images --format '{{.Repository}}:{{.Tag}}'"),
    "NETWORK": ("network", "network ls --format '{{.Name}}'"),
    "VOLUME": ("volume", "volume ls --quiet"),
    "ID": ("container", "list -q"),
}
OBJECT = "object"  # any of them


def kind_of(argument):
    """The kind that "[CONTAINER…]" or "NETWORK[:OPTIONS]" is a name of; '' for none."""
    return KINDS.get(re.match(r"\[?([A-Z]*)", argument).group(1), ("",))[0]


class Option:
    def __init__(self, letter, name, argument, kind, text):
        self.letter, self.name, self.argument, self.kind, self.text = letter, name, argument, kind, text

    @property
    def words(self):
        """The words that the value can be: of "a|b"."""
        return self.argument.split("|") if "|" in self.argument else []

    @property
    def names(self):
        """The kind of objects whose names the value can be; '' for none."""
        return "" if self.words or self.kind != "value" else kind_of(self.argument)

    @property
    def spellings(self):
        return ([f"-{self.letter}"] if self.letter else []) + [f"--{self.name}"]


class Command:
    def __init__(self, name, operands, summary):
        self.name, self.operands, self.summary = name, operands, summary
        self.paragraphs, self.options = [], []
        self.groups = []  # of a program: Groups

    @property
    def group(self):
        """The name of the group that it belongs to, or ''."""
        return self.name.rpartition(" ")[0]

    @property
    def word(self):
        """What it is called there."""
        return self.name.rpartition(" ")[2]

    @property
    def page(self):
        return self.name.replace(" ", "-")

    @property
    def operand_kinds(self):
        """Kinds of objects that exist, of each operand in turn ('' for what is none); and whether the last of them may be repeated."""
        if self.name in ("network create", "volume create"):
            return [], False
        words = self.operands.split()
        kinds = [OBJECT if word == "NAME…" else kind_of(word) for word in words]
        while kinds and not kinds[-1]:
            kinds.pop()
        return kinds, bool(kinds) and len(kinds) == len(words) and words[-1].rstrip("]").endswith("…")

    @property
    def takes_command(self):
        return self.operands.startswith("[COMMAND")

    @property
    def passes_options(self):
        """Whether options behind the first operand are somebody else's."""
        return "[ARGUMENT…]" in self.operands or (self.operands.startswith("ID") and self.name in ("exec", "ps"))

    @property
    def takes_signal(self):
        """Whether the second operand is a signal."""
        return self.name == "kill" and "SIGNAL" in self.operands


class Group:
    def __init__(self, name, summary):
        self.name, self.summary = name, summary

    def members(self, commands):
        return [command for command in commands if command.group == self.name]


def first_words(program, commands):
    """What can follow the program's name: (word, summary)."""
    words = [(command.name, command.summary) for command in commands if not command.group]
    return sorted(words + [(group.name, group.summary) for group in program.groups])


def read_tables(path):
    """The program itself as a Command, with its groups, and its commands."""
    commands = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            kind, *fields = line.rstrip("\n").split("\t")
            if kind == "command":
                commands.append(Command(*fields))
            elif kind == "group":
                commands[0].groups.append(Group(*fields))
            elif kind == "text":
                commands[-1].paragraphs.append(fields[0])
            elif kind == "option":
                commands[-1].options.append(Option(*fields))
            else:
                sys.exit(f"{path}: unknown line: {line!r}")
    return commands[0], commands[1:]


def fill(template, values):
    with open(template, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"@([A-Z]+)@", lambda match: values[match.group(1)], text)
    return text.rstrip("\n") + "\n"


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


# ---------------------------------------------------------------- manual pages


def roff(text):
    """Escapes: a backslash, a leading dot or quote, and dashes that are to be typed."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "\\&...")
    return "\\&" + text if text[:1] in (".", "'") else text


def roff_options(options):
    lines = []
    for option in options:
        head = ", ".join(f"\\fB{roff(word)}\\fR" for word in option.spellings)
        if option.argument:
            head += f" \\fI{roff(option.argument)}\\fR"
        lines += [".TP", head, roff(option.text[0].upper() + option.text[1:] + ".")]
    return "\n".join(lines)


def roff_commands(program, section, commands):
    lines = []
    for command in commands:
        page = command.name.replace(" ", "-")
        lines += [".TP", f"\\fB{roff(program + '-' + page)}\\fR({section})", roff(command.summary[0].upper() + command.summary[1:] + ".")]
    return "\n".join(lines)


def group_page(program, section, version, group, commands):
    full = f"{program}-{group.name}"
    return "\n".join([
        f'.TH {full.upper()} {section} "" "{program} {version}"',
        ".SH NAME",
        roff(f"{full} - {group.summary}").replace(" \\- ", " \\- ", 1),
        ".SH SYNOPSIS",
        f".B {roff(program)}",
        f"[\\fIOPTION\\fR\\&...] \\fB{roff(group.name)}\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR\\&...]",
        ".SH COMMANDS",
        roff_commands(program, section, group.members(commands)),
        ".SH SEE ALSO",
        f".BR {roff(program)} ({section})",
    ]) + "\n"


def command_page(program, section, version, command):
    full = f"{program}-{command.page}"
    lines = [
        f'.TH {full.upper()} {section} "" "{program} {version}"',
        ".SH NAME",
        roff(f"{full} - {command.summary}").replace(" \\- ", " \\- ", 1),
        ".SH SYNOPSIS",
        f".B {roff(program)}",
        f"[\\fIOPTION\\fR\\&...] \\fB{roff(command.name)}\\fR"
        + (" [\\fIOPTION\\fR\\&...]" if command.options else "")
        + (f" \\fI{roff(command.operands)}\\fR" if command.operands else ""),
    ]
    paragraphs = command.paragraphs or [command.summary[0].upper() + command.summary[1:] + "."]
    lines += [".SH DESCRIPTION", "\n.PP\n".join(roff(paragraph) for paragraph in paragraphs)]
    if command.options:
        lines += [".SH OPTIONS", roff_options(command.options), ".PP"]
        lines.append(f"Options before the command are described in \\fB{roff(program)}\\fR({section}).")
    lines += [".SH SEE ALSO", f".BR {roff(program)} ({section})"]
    return "\n".join(lines) + "\n"


def make_man(tables, template, version, *outputs):
    program, commands = read_tables(tables)
    section = os.path.basename(outputs[0]).rsplit(".", 1)[1]
    pages = {
        f"{program.name}.{section}": fill(template, {
            "VERSION": version,
            "OPTIONS": roff_options(program.options),
            "COMMANDS": roff_commands(program.name, section, [command for command in commands if not command.group]),
            "GROUPS": roff_commands(program.name, section, program.groups),
        })
    }
    for command in commands:
        pages[f"{program.name}-{command.page}.{section}"] = command_page(program.name, section, version, command)
    for group in program.groups:
        pages[f"{program.name}-{group.name}.{section}"] = group_page(program.name, section, version, group, commands)
    wanted = {os.path.basename(output): output for output in outputs}
    if pages.keys() != wanted.keys():
        sys.exit(f"pages to be made and pages listed differ: {sorted(pages.keys() ^ wanted.keys())}")
    for name, text in pages.items():
        write(wanted[name], text)


# ---------------------------------------------------------------- completions


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def function_name(program):
    return program.name.replace("-", "_")


def has_images(program):
    return any(group.name == "image" for group in program.groups)


def listers(program):
    """By kind, the command lines, without the program, that list names."""
    words = ("CONTAINER", "IMAGE", "NETWORK", "VOLUME") if has_images(program) else ("ID",)
    kinds = {kind: [line] for kind, line in (KINDS[word] for word in words)}
    return kinds | ({OBJECT: [line for lines in kinds.values() for line in lines]} if has_images(program) else {})


def names_with(commands, property_name):
    """The names of the commands that have the property, as a pattern of the shell; '' for none."""
    return "|".join(quote(command.name) for command in commands if getattr(command, property_name)) or "''"


def bash_operands(commands):
    """Of what kind the operand is at a place, counted from 0, as lines of a case."""
    lines = []
    for command in commands:
        kinds, is_repeated = command.operand_kinds
        for place, kind in enumerate(kinds):
            pattern = quote(f"{command.name} ") + "*" if is_repeated and place == len(kinds) - 1 else quote(f"{command.name} {place}")
            if kind:
                lines.append(f"\t{pattern}) echo {kind} ;;")
    return "\n".join(lines)


def bash_lister(program, kind, lines):
    asked = "; ".join(f'{program.name} ${{2:+--root "$2"}} {line}' for line in lines)
    return f"\t{kind}) {asked} ;;"


def make_bash(tables, template, output):
    program, commands = read_tables(tables)
    options, values = [], []
    for command in [program] + commands:
        name = command.name if command is not program else ""
        spellings = [word for option in command.options for word in option.spellings] + ["--help"]
        options.append(f"\t{quote(name)}) echo {quote(' '.join(spellings))} ;;")
        for option in command.options:
            if option.kind == "flag":
                continue
            kind = f"words {' '.join(option.words)}" if option.words else f"names {option.names}" if option.names else option.kind
            patterns = "|".join(quote(f"{name} {word}") for word in option.spellings)
            values.append(f"\t{patterns}) echo {quote(kind)} ;;")
    write(output, fill(template, {
        "PROGRAM": program.name,
        "FUNCTION": function_name(program),
        "COMMANDS": " ".join(word for word, _ in first_words(program, commands)),
        "MEMBERS": "\n".join(f"\t{group.name}) echo {quote(' '.join(command.word for command in group.members(commands)))} ;;"
                             for group in program.groups),
        "OPERANDS": bash_operands(commands),
        "LISTERS": "\n".join(bash_lister(program, kind, lines) for kind, lines in listers(program).items()),
        "PASSING": names_with(commands, "passes_options"),
        "SIGNAL": names_with(commands, "takes_signal"),
        "OPTIONS": "\n".join(options),
        "VALUES": "\n".join(values),
    }))


def zsh_option(program, option):
    def clean(text):
        return text.replace("[", "(").replace("]", ")").replace(":", "\\:").replace("'", "'\\''")

    action = ""
    if option.kind != "flag":
        values = {"file": "_files", "directory": "_files -/"}.get(option.kind, " ")
        if option.words:
            values = f"({' '.join(option.words)})"
        elif option.names:
            values = f"_{function_name(program)}_{option.names}s"
        action = f":{clean(option.argument)}:{values}"
    text = f"[{clean(option.text)}]{action}"
    # "--name=": the value may also be behind an equals sign.
    long = f"--{option.name}" + ("=" if action else "")
    if option.letter:
        return f"'*'{{-{option.letter},{long}}}'{text}'"
    return f"'*{long}{text}'"


def zsh_operands(program, command):
    kinds, is_repeated = command.operand_kinds
    places = ["*" if is_repeated and place == len(kinds) else str(place) for place in range(1, len(kinds) + 1)]
    words = [f"'{place}:{kind}:_{function_name(program)}_{kind}s'" for place, kind in zip(places, kinds) if kind]
    return words + ([f"'1:command:_{function_name(program)}_commands'"] if command.takes_command else [])


def zsh_lister(program, kind, lines):
    function = f"_{function_name(program)}"
    asked = "".join(f'\tnames+=(${{(f)"$({program.name} $root {line} 2>/dev/null)"}})\n' for line in lines)
    return f"{function}_{kind}s() {{\n\tlocal -a names\n{asked}\tcompadd -a names\n}}\n"


def make_zsh(tables, template, output):
    program, commands = read_tables(tables)
    cases = {"": []} | {group.name: [] for group in program.groups}
    for command in commands:
        words = [zsh_option(program, option) for option in command.options] + ["'(- *)'{-h,--help}'[tell about the command]'"]
        words += zsh_operands(program, command)
        if command.passes_options:
            words.append("'*::argument: '")
        elif command.takes_signal:
            words.append("'2:signal:_signals'")
        cases[command.group].append(f"\t({command.word})\n\t\t_arguments -S \\\n\t\t\t" + " \\\n\t\t\t".join(words) + "\n\t\t;;")
    for group in program.groups:
        cases[""].append(f"\t({group.name})\n\t\t_{function_name(program)}_group_{group.name}\n\t\t;;")
    write(output, fill(template, {
        "PROGRAM": program.name,
        "FUNCTION": function_name(program),
        "GLOBALS": " \\\n\t\t".join(zsh_option(program, option) for option in program.options),
        "LISTERS": "\n".join(zsh_lister(program, kind, lines) for kind, lines in listers(program).items()),
        "COMMANDS": "\n".join(f"\t\t{quote(word + ':' + summary)}" for word, summary in first_words(program, commands)),
        "GROUPS": "".join(zsh_group(program, group, group.members(commands), cases[group.name]) for group in program.groups),
        "CASES": "\n".join(cases[""]),
    }))


def zsh_group(program, group, members, cases):
    """The function that completes behind the name of a group."""
    words = "\n".join(f"\t\t{quote(command.word + ':' + command.summary)}" for command in members)
    name = f"_{function_name(program)}_group_{group.name}"
    return (
        f"{name}_commands() {{\n\tlocal -a commands\n\tcommands=(\n{words}\n\t)\n\t_describe command commands\n}}\n\n"
        f"{name}() {{\n\tlocal context state state_descr line\n\ttypeset -A opt_args\n"
        f"\t_arguments -C -S '(- *)'{{-h,--help}}'[tell about the group]' '1:command:{name}_commands' '*::argument:->member'\n"
        "\t[[ $state == member ]] || return\n\tcase $words[1] in\n" + "\n".join(cases) + "\n\tesac\n}\n\n"
    )


def fish_option(name, function, condition, option):
    words = [f"complete -c {name} -n {quote(condition)}"]
    if option.letter:
        words.append(f"-s {option.letter}")
    words.append(f"-l {option.name}")
    if option.words:
        words.append(f"-x -a {quote(' '.join(option.words))}")
    elif option.kind == "file":
        words.append("-r -F")
    elif option.kind == "directory":
        words.append("-x -a '(__fish_complete_directories)'")
    elif option.names:
        words.append(f"-x -a '(__{function}_{option.names}s)'")
    elif option.kind == "value":
        words.append("-x")
    return " ".join(words) + f" -d {quote(option.text)}"


def fish_command(program, command):
    """Lines for what comes behind the name of a command."""
    place = f"__{function_name(program)}_at '{command.name}'"
    condition = f"{place} 0" if command.passes_options else place
    lines = [fish_option(program.name, function_name(program), condition, option) for option in command.options]
    lines.append(f"complete -c {program.name} -n {quote(condition)} -s h -l help -d 'tell about the command'")
    kinds, is_repeated = command.operand_kinds
    for number, kind in enumerate(kinds):
        where = place if is_repeated and len(kinds) == 1 else f"{place} {number}"
        if kind:
            lines.append(f"complete -c {program.name} -n {quote(where)} -a '(__{function_name(program)}_{kind}s)'")
    if command.takes_command:
        lines.append(f"complete -c {program.name} -n {quote(place + ' 0')} -a '(__{function_name(program)}_commands)'")
    if command.takes_signal:
        names = sorted(value.name.removeprefix("SIG") for value in signal.Signals)
        lines.append(f"complete -c {program.name} -n {quote(place + ' 1')} -a {quote(' '.join(names))}")
    return lines


def fish_lister(program, kind, lines):
    name = function_name(program)
    asked = "".join(f"    {program.name} $__{name}_root {line} 2>/dev/null\n" for line in lines)
    return f"function __{name}_{kind}s\n{asked}end\n"


def make_fish(tables, template, output):
    program, commands = read_tables(tables)
    start = f"__{function_name(program)}_at ''"
    lines = [fish_option(program.name, function_name(program), start, option) for option in program.options]
    lines.append(f"complete -c {program.name} -n {quote(start)} -a '(__{function_name(program)}_commands)'")
    for group in program.groups:
        place = f"__{function_name(program)}_at '{group.name}'"
        lines.append(f"complete -c {program.name} -n {quote(place)} -a '(__{function_name(program)}_members {group.name})'")
        lines.append(f"complete -c {program.name} -n {quote(place)} -s h -l help -d 'tell about the group'")
    values = []
    for command in [program] + commands:
        name = command.name if command is not program else ""
        values += [quote(f"{name} {word}") for option in command.options if option.kind != "flag" for word in option.spellings]
        if command is not program:
            lines += fish_command(program, command)
    write(output, fill(template, {
        "PROGRAM": program.name,
        "FUNCTION": function_name(program),
        "COMMANDS": "\n".join(f"    printf '%s\\t%s\\n' {word} {quote(summary)}" for word, summary in first_words(program, commands)),
        "GROUPS": " ".join(group.name for group in program.groups) or "''",
        "MEMBERS": "\n".join(f"    test $argv[1] = {command.group}; and printf '%s\\t%s\\n' {command.word} {quote(command.summary)}"
                             for command in commands if command.group),
        "LISTERS": "\n".join(fish_lister(program, kind, lines) for kind, lines in listers(program).items()),
        "VALUES": " ".join(values),
        "LINES": "\n".join(lines),
    }))


def main():
    makers = {"man": make_man, "bash": make_bash, "zsh": make_zsh, "fish": make_fish}
    if len(sys.argv) < 5 or sys.argv[1] not in makers:
        sys.exit(__doc__)
    makers[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
