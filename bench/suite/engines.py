"""How each engine is started, told and torn down. All state is in directories of the suite's own.

An engine has a `place` that its commands run in, and speaks in commands as lists of words:

    once()                start to exit of `true`, on the default network, removed afterwards
    background(name, …)   starts a container that stays, and returns
    enter(name)           `true` inside of it
    remove(names)         removes containers, running or not
"""

import ipaddress
import itertools
import json
import pathlib
import re
import shutil
import subprocess
import time

from .measure import Failure

IMAGE = "bench"
FOREVER = ("sleep", "100000")


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return True
        except Failure:
            pass
        time.sleep(0.05)
    return False


class Engine:
    """What all have. KIND says whose bars are meant; KEY is unique in a run."""

    kind = ""
    daemons = ()  # processes that stay, containers or not

    def __init__(self, bench, place, folder):
        self.bench, self.place, self.folder = bench, place, folder
        self.key = self.kind if not place.root else f"{self.kind}@{place.name}"

    def start(self):
        """Raises Failure if it cannot run here."""

    def stop(self):
        pass

    def version(self):
        return ""

    def __str__(self):
        return self.key

    def nothing_prepared(self):
        """Before a cold start: takes away what is kept ready for the next container."""

    def data(self):
        """Directories of lasting data."""
        return [self.folder]

    def time(self, words):
        return self.place.time(words)

    def call(self, words, **options):
        return self.place.call(words, **options)


class Dialect(Engine):
    """Engines that are told in docker's words."""

    def base(self):
        raise NotImplementedError

    def words(self, *words):
        return [*map(str, self.base()), *map(str, words)]

    def once(self, *options):
        return self.words("run", "--rm", *options, IMAGE, "true")

    def background(self, name, *options, command=FOREVER):
        return self.words("run", "-d", "--name", name, *options, IMAGE, *command)

    def enter(self, name):
        return self.words("exec", name, "true")

    def remove(self, names):
        return self.words("rm", "-f", *self.at_once, *names)

    at_once = ()

    def load_image(self):
        with open(self.bench.image, "rb") as file:
            self.call(self.words("import", "-", IMAGE), stdin=file)

    def try_out(self):
        self.call(self.once(), timeout=120)

    def load(self, archive):
        return self.words("load", "-i", archive)

    def pull(self, name):
        return self.words("pull", name)

    def forget(self, name):
        """Has nothing of the image any more, so that it can be loaded or pulled as if for the first time."""
        self.call(self.words("rmi", "-f", name))

    def build(self, context, cached):
        return [*self.words("build", *([] if cached else ["--no-cache"])), "--network=none", "-t", "bench-built", str(context)]

    def address(self, name):
        """Of a container on the default network."""
        settings = json.loads(self.call(self.words("inspect", name)))[0]["NetworkSettings"]
        return settings.get("IPAddress") or [network["IPAddress"] for network in settings["Networks"].values()][0]


class Bivy(Dialect):
    kind = "bivy"

    def base(self):
        return [self.bench.build / "bivy", "--root", self.folder, "--run-root", f"/run/{self.folder.name}"]

    def start(self):
        for program in "bivy", "bivy-runtime", "bivy-transfer":
            if not (self.bench.build / program).exists():
                raise Failure(f"no {program} in '{self.bench.build}': build first")
        self.load_image()
        self.try_out()

    def version(self):
        return re.search(r"\d[\w.+~-]*", self.call(self.words("version")))[0]

    def programs(self):
        return [p for p in (self.bench.build / name for name in ("bivy", "bivy-runtime", "bivy-transfer", "bivy-builder", "bivy-init", "bivy-home", "bivy-server",
                                                                  "bivy-http", "bivy-grpc")) if p.exists()]

    def serve(self, port):
        return self.words("serve", "--listen", f"tcp://127.0.0.1:{port}", "--insecure")

    def fresh(self, words):
        """The same with another store, which can be thrown away whole: blobs would outlive a removed image until a prune."""
        return [f"{self.folder}.fresh" if word == str(self.folder) else word for word in words]

    def load(self, archive):
        return self.fresh(super().load(archive))

    def pull(self, name):
        return self.fresh(super().pull(name))

    def forget(self, name):
        shutil.rmtree(f"{self.folder}.fresh", ignore_errors=True)

    def stop(self):
        names = self.call(self.words("ps", "-aq")).split()
        if names:
            self.call(self.remove(names))

    def nothing_prepared(self):
        for word in "create", "rm":  # the pool of what is prepared ends when a network is removed
            self.call(self.words("network", word, "bench-none"))
        time.sleep(1.2)  # the last bridge goes a second after its last container


class Docker(Dialect):
    kind = "docker"
    process = None

    def base(self):
        return ["docker", "-H", f"unix://{self.socket}"]

    def start(self):
        for program in "docker", "dockerd", "containerd":
            if not self.place.has(program):
                raise Failure(f"{program} is not installed")
        self.folder.mkdir(parents=True)
        self.home = self.folder.parent / f"{self.key}.home"
        self.home.mkdir()
        (self.home / "config.json").write_text("{}")
        (self.home / "daemon.json").write_text("{}")
        self.socket = self.home / "docker.sock"
        self.port = self.bench.port()
        self.log = self.home / "log"
        self.process = self.place.daemon(
            ["dockerd", "--config-file", self.home / "daemon.json", "--data-root", self.folder, "--exec-root", f"/run/{self.folder.name}",
             "--pidfile", self.home / "pid", "-H", f"unix://{self.socket}", "-H", f"tcp://127.0.0.1:{self.port}", "--tls=false",
             "--storage-driver", "overlay2", "--shutdown-timeout", "5", "--exec-opt", "native.cgroupdriver=cgroupfs", "--bip", self.bench.subnet()], self.log)
        self.daemons = [self.process.pid]
        if not wait_for(lambda: self.process.poll() is not None or self.call(self.words("version")), 60) or self.process.poll() is not None:
            raise Failure(f"dockerd does not start: {self.last_words()}")
        self.load_image()
        self.try_out()

    def last_words(self):
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1][-300:] if lines else "without a word"

    def version(self):
        return self.call(self.words("version", "--format", "{{.Server.Version}}")).strip()

    def programs(self):
        names = ("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc", "docker-proxy", "docker-init", "ctr")
        return [path for path in map(self.place.has, names) if path]

    def serve(self, port):
        return None  # it does already

    def stop(self):
        if not self.process:
            return
        if self.process.poll() is None:
            try:
                names = self.call(self.words("ps", "-aq"), timeout=60).split()
                if names:
                    self.call(self.remove(names))
            except Failure:
                pass
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Podman(Dialect):
    kind = "podman"
    at_once = ("-t", "0")
    runtime = "crun"

    def base(self):
        return ["podman", "--runtime", self.runtime, "--root", self.folder, "--runroot", f"/run/{self.folder.name}", "--tmpdir", f"/run/{self.folder.name}.tmp",
                "--storage-driver", "overlay", "--cgroup-manager", "cgroupfs", "--events-backend", "none",
                "--network-config-dir", f"{self.folder}.networks", "--log-level", "error"]

    def start(self):
        if not self.place.has("podman"):
            raise Failure("podman is not installed")
        pathlib.Path(f"{self.folder}.networks").mkdir(parents=True)
        # Lower than there are: raising limits takes a capability that not every root has. Its subnet is its own.
        self.place.containers_conf.write_text('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
                                              f'[network]\ndefault_subnet = "{self.bench.subnet(gateway=False)}"\n')
        if not self.place.has("crun"):
            self.runtime = "runc"
        self.load_image()
        try:
            self.try_out()
        except Failure:
            self.runtime = "runc"
            self.try_out()

    def version(self):
        return self.call(self.words("version", "--format", "{{.Client.Version}}")).strip() + f" with {self.runtime}"

    def programs(self):
        names = ["podman", "conmon", self.runtime, *(f"/usr/lib/podman/{name}" for name in ("netavark", "aardvark-dns", "rootlessport"))]
        return [path for path in map(self.place.has, names) if path]

    def serve(self, port):
        return self.words("system", "service", "--time", "0", f"tcp:127.0.0.1:{port}")

    def pull(self, name):
        return self.words("pull", "-q", "--tls-verify=false", name)

    def build(self, context, cached):
        words = super().build(context, cached)
        at = len(words) - 1
        return [*words[:at], "--pull=never", "--layers", words[at]]

    def stop(self):
        try:
            self.call(self.words("rm", "-a", "-f", "-t", "0"), timeout=120)
        except Failure:
            pass


class Lxc(Engine):
    """Without images: a container is a configuration, written before it is timed, on an overlay of the same files."""

    kind = "lxc"

    def start(self):
        for program in "lxc-start", "lxc-attach", "lxc-stop":
            if not self.place.has(program):
                raise Failure(f"{program} is not installed")
        self.folder.mkdir(parents=True)
        network = self.bench.subnet()
        self.network, self.size = network.split("/")
        self.numbers, self.addresses = itertools.count(2), {}
        self.bridge = f"lxc{network.split('.')[1]}"
        for words in ("link", "add", self.bridge, "type", "bridge"), ("addr", "add", network, "dev", self.bridge), ("link", "set", self.bridge, "up"):
            self.call(["ip", *words])
        self.prepare("once", ("true",))
        self.call(self.once(), timeout=60)

    def prepare(self, name, command):
        """Writes the configuration of a container. What it leaves there for a later one of the name is written over."""
        folder = self.folder / name
        (folder / "upper").mkdir(parents=True, exist_ok=True)
        self.addresses[name] = str(ipaddress.IPv4Address(self.network) + next(self.numbers))
        (folder / "config").write_text(f"""lxc.uts.name = {name[:60]}
lxc.rootfs.path = overlayfs:{self.bench.root}:{folder}/upper
lxc.init.cmd = /bin/{' '.join(command)}
lxc.mount.auto = proc:mixed sys:ro
lxc.net.0.type = veth
lxc.net.0.link = {self.bridge}
lxc.net.0.flags = up
lxc.net.0.ipv4.address = {self.addresses[name]}/{self.size}
lxc.net.0.ipv4.gateway = {self.network}
lxc.apparmor.profile = unconfined
lxc.autodev = 1
lxc.log.file = /dev/null
""")

    def where(self, name):
        return ["-P", str(self.folder), "-n", name]

    def once(self):
        return ["lxc-start", *self.where("once"), "-F"]

    def background(self, name, *options, command=FOREVER):
        self.prepare(name, command)
        return ["lxc-start", *self.where(name), "-d"]

    def enter(self, name):
        return ["lxc-attach", *self.where(name), "--", "/bin/true"]

    def remove(self, names):
        script = 'for n; do lxc-stop -k -P "$0" -n "$n" || true; done 2>/dev/null'
        return ["sh", "-c", script, str(self.folder), *names]

    def address(self, name):
        return self.addresses[name]

    def version(self):
        return self.call(["lxc-start", "--version"]).strip()

    def programs(self):
        names = ("lxc-start", "lxc-attach", "lxc-stop")
        libraries = re.findall(r"/\S*liblxc\S*", self.call(["ldd", self.place.has("lxc-start")]))
        return [path for path in map(self.place.has, names) if path] + libraries

    def stop(self):
        names = [p.name for p in self.folder.glob("*") if p.is_dir()]
        if names:
            self.call(self.remove(names))


KINDS = {c.kind: c for c in (Bivy, Docker, Podman, Lxc)}


class Runtime:
    """A program with runc's command line, alone: no images, no networks."""

    def __init__(self, bench, place, kind, path):
        self.bench, self.place, self.kind, self.path = bench, place, kind, path
        self.key = kind if not place.root else f"{kind}@{place.name}"

    def once(self, bundle):
        return [self.path, "--root", str(self.bench.work / f"state.{self.key}"), "run", "--bundle", str(bundle), f"bench-{self.kind}"]

    def version(self):
        return re.search(r"\d[\w.+~-]*", self.place.call([self.path, "--version"]).splitlines()[0])[0]
