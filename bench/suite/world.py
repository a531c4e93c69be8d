"""Where the suite lives: namespaces, control groups and a directory of its own, so that nothing of it is left on the host.

The outer process makes the directory and a group in each hierarchy, and starts the suite in new network, mount, pid and cgroup
namespaces. With its end, however it comes, all its processes, links, rules and mounts are gone; the outer process
removes groups and directory. What an outer process left that was killed itself, the next one removes.
"""

import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG, CLONE_NEWCGROUP = 1, 0x02000000
PREFIX = "bivy-bench."
GROUPS = pathlib.Path("/sys/fs/cgroup")
NO_NAMES = ("rw", "ro", "xattr", "clone_children", "cpuset_v2_mode", "nsdelegate", "memory_recursiveprot", "favordynmods", "memory_hugetlb_accounting")
CONTROLLERS = ("cpu", "cpuset", "io", "memory", "pids")


def hierarchies():
    """(mount point, file system, options) of each cgroup hierarchy."""
    found = []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        front, _, back = line.partition(" - ")
        kind, _, options = back.split(" ", 2)
        options = [o for o in options.split(",") if o not in NO_NAMES and not o.startswith("release_agent=")]
        where = pathlib.Path(front.split(" ")[4])
        if kind in ("cgroup", "cgroup2") and (where == GROUPS or where.parent == GROUPS) and where not in [w for w, _, _ in found]:
            found.append((where, kind, options))
    return found


def write(path, text):
    try:
        path.write_text(text)
    except OSError:
        pass  # a controller that is not there


def make_groups(name):
    for where, kind, _ in hierarchies():
        group = where / name
        group.mkdir(exist_ok=True)
        if kind == "cgroup2":
            for controller in CONTROLLERS:
                write(where / "cgroup.subtree_control", f"+{controller}")
        elif (group / "cpuset.cpus").exists():
            for file in "cpuset.cpus", "cpuset.mems":
                write(group / file, (where / file).read_text())


def enter_groups(name):
    """Moves the calling process, of one thread, into the groups. In version 2 into one of its own below: what waits outside of the pid
    namespace for its end stays there, and groups with processes have no controllers for groups below them."""
    for where, kind, _ in hierarchies():
        if kind == "cgroup2":
            (where / name / "outside").mkdir(exist_ok=True)
            (where / name / "outside/cgroup.procs").write_text("0")
        else:
            (where / name / "tasks").write_text("0")


def make_groups_the_root():
    """A cgroup namespace that begins at the suite's groups."""
    name = os.environ["BIVY_BENCH_WORK"].rpartition("/")[2]
    for where, kind, _ in hierarchies():
        if kind == "cgroup2":
            (where / name / "cgroup.procs").write_text("0")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWCGROUP) < 0:
        raise OSError(ctypes.get_errno(), "no cgroup namespace")


def remove_groups(name):
    for where, _, _ in hierarchies():
        for _ in range(50):
            for folder, _, _ in os.walk(where / name, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
            if not (where / name).exists():
                break
            time.sleep(0.1)


def remove(work):
    remove_groups(work.name)
    shutil.rmtree(work, ignore_errors=True)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def sweep(folder):
    """Removes what is left of suites that were killed: the number in a directory's name is the outer process's."""
    for work in pathlib.Path(folder).glob(PREFIX + "*"):
        match = re.fullmatch(re.escape(PREFIX) + r"(\d+)\.\w+", work.name)
        if match and not alive(int(match[1])):
            remove(work)


def begin(name):
    """In a child before it executes: in the suite's groups, and killed when the outer process is."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    enter_groups(name)


def outside(arguments):
    """Runs the suite with these arguments in a world of its own. Returns its status and its results."""
    folder = os.environ.get("TMPDIR", "/var/tmp")
    sweep(folder)
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}.", dir=folder))
    work.chmod(0o711)
    child = None

    def end(number, _):
        raise SystemExit(128 + number)

    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, end)
    try:
        make_groups(work.name)
        words = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
                 sys.executable, *arguments]
        child = subprocess.Popen(words, env={**os.environ, "BIVY_BENCH_WORK": str(work)}, stdin=subprocess.DEVNULL,
                                 preexec_fn=lambda: begin(work.name), start_new_session=True)
        status, results = child.wait(), work / "results.json"
        return status, results.read_text() if results.exists() else ""
    finally:
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            signal.signal(number, signal.SIG_IGN)
        if child and child.poll() is None:
            child.kill()  # and with it the first process of the pid namespace, which takes all others along
            child.wait()
        remove(work)


def run(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def furnish():
    """In the new namespaces: the loopback interface, a /run of its own, and hierarchies that begin at the suite's groups."""
    run("mount", "--make-rshared", "/")  # private until here; places are to see what is mounted later
    run("ip", "link", "set", "lo", "up")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    make_groups_the_root()
    mount_groups()


def mount_groups():
    """A /sys of the new network namespace, and below it the hierarchies as they are on the host, but beginning at the suite's groups."""
    found = hierarchies()
    links = {path.name: os.readlink(path) for path in GROUPS.iterdir() if path.is_symlink()}
    run("umount", "-l", "/sys")
    run("mount", "-t", "sysfs", "-o", "nosuid,nodev,noexec", "sysfs", "/sys")
    if not any(where == GROUPS for where, _, _ in found):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(GROUPS))
    for name, target in links.items():
        (GROUPS / name).symlink_to(target)
    for where, kind, options in found:
        where.mkdir(exist_ok=True)
        run("mount", "-t", kind, *(["-o", ",".join(options)] if kind == "cgroup" else []), kind, str(where))
        if kind == "cgroup2":
            (where / "suite").mkdir()
            write(where / "suite/cgroup.procs", "0")
            for controller in CONTROLLERS:
                write(where / "cgroup.subtree_control", f"+{controller}")


def inside(suite):
    """As the first process of the pid namespace: runs SUITE(work) in a child, and takes leave of all who lost their parents."""
    work = pathlib.Path(os.environ["BIVY_BENCH_WORK"])
    furnish()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = suite(work)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            os._exit(status)
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status) & 0xFF


def disk(work, name, size_mb):
    """An ext4 file system in memory, for what a disk that throttles writes would hide. Returns where it is."""
    memory = work / "memory"
    if not memory.exists():
        memory.mkdir()
        run("mount", "-t", "tmpfs", "-o", "mode=755,size=80%", "tmpfs", str(memory))
    image, where = memory / f"{name}.img", work / f"memory.{name}"
    with open(image, "wb") as file:
        file.truncate(size_mb << 20)
    run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
    where.mkdir()
    run("mount", "-o", "loop", str(image), str(where))
    return where


def drop_caches():
    """What was read from disks has to be read again. Data that are not written yet stay, hence the sync(2)."""
    os.sync()
    pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
