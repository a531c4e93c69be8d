#!/usr/bin/env python3
"""Turns a seccomp profile in Docker's form into the one of an OCI configuration.

usage: resolve.py PROFILE GOARCH [CAP_NAME…] >linux.seccomp.json

Docker's profile says for which processor architectures and capabilities a rule is meant; the OCI form has only the rules
that remain for one architecture and one set of capabilities. `arches`, `caps` and `minKernel` of `includes` must all be
met, and nothing of `excludes`; minKernel is taken as met, because no supported kernel is older than 4.8.
"""

import json
import sys

# GOARCH -> the name that archMap uses
NATIVE = {"amd64": "SCMP_ARCH_X86_64", "arm64": "SCMP_ARCH_AARCH64", "riscv64": "SCMP_ARCH_RISCV64",
          "s390x": "SCMP_ARCH_S390X"}


def applies(rule, goarch, capabilities):
    """Whether a rule remains for this architecture and these capabilities."""
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    if includes.get("arches") and goarch not in includes["arches"]:
        return False
    if not set(includes.get("caps") or ()) <= capabilities:
        return False
    if goarch in (excludes.get("arches") or ()):
        return False
    return not set(excludes.get("caps") or ()) & capabilities


def resolve(profile, goarch, capabilities):
    """The OCI document: kept members in a fixed order, so that the output compares well."""
    result = {"defaultAction": profile["defaultAction"]}
    if "defaultErrnoRet" in profile:
        result["defaultErrnoRet"] = profile["defaultErrnoRet"]
    for entry in profile.get("archMap", ()):
        if entry["architecture"] == NATIVE[goarch]:
            result["architectures"] = [entry["architecture"], *(entry["subArchitectures"] or ())]
    result["syscalls"] = [
        {key: rule[key] for key in ("names", "action", "errnoRet", "args") if rule.get(key) is not None}
        for rule in profile["syscalls"] if applies(rule, goarch, capabilities)]
    return result


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        profile = json.load(file)
    json.dump(resolve(profile, sys.argv[2], set(sys.argv[3:])), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
