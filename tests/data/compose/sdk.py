"""Drives a Docker engine as programs do that are written with python3-docker, and tells what it saw, without what changes from run to run.

usage: sdk.py DIRECTORY   DIRECTORY: for the files of a build; DOCKER_HOST is an engine that has the image `busybox`

What Docker 20.10 made of it is in docker.sdk.
"""
import io, os, sys, tarfile, threading, time

import docker

client = docker.from_env(timeout=30)
api = client.api
directory = sys.argv[1]


def tell(what, *values):
    print(f"{what}:", *values, flush=True)


def archive(**files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.uid = len(text), 0o640, 1000
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def until(what, condition):
    end = time.monotonic() + 15
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"not within 15 s: {what}")
        time.sleep(0.05)


def refused(call, *arguments, **words):
    try:
        call(*arguments, **words)
    except docker.errors.APIError as error:
        return f"{type(error).__name__} {error.status_code}"
    return "not refused"


def frames(socket, length):
    """What is in the frames of a stream, until there are LENGTH bytes."""
    def exactly(count):
        data = b""
        while len(data) < count:
            more = socket._sock.recv(count - len(data))
            if not more:
                sys.exit("a stream ended early")
            data += more
        return data
    text = b""
    while len(text) < length:
        text += exactly(int.from_bytes(exactly(8)[4:], "big"))
    return text


class Recorder(threading.Thread):
    """Events of this program's objects, as they come."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = []
        self.stream = client.events(decode=True, filters={"type": ["container", "network", "volume"]})
        self.start()

    def run(self):
        for event in self.stream:
            self.seen.append((event["Type"], event["Action"], event["Actor"]["Attributes"].get("name", "")))


recorder = Recorder()

# ---- the engine
tell("ping", client.ping())
version = client.version()
tell("version", version["Os"], version["Arch"], sorted(version)[0])
tell("info", client.info()["OSType"], client.info()["Swarm"]["LocalNodeState"])

# ---- build
with open(os.path.join(directory, "Dockerfile"), "w") as file:
    file.write('FROM busybox\nARG WORD\nRUN echo "$WORD" >/word\nLABEL made=by-sdk\nCMD ["cat", "/word"]\n')
image, log = client.images.build(path=directory, tag="sdk:one", buildargs={"WORD": "built"}, rm=True)
tell("build", image.labels, any("Successfully built" in line.get("stream", "") for line in log))
with open(os.path.join(directory, "Dockerfile"), "w") as file:
    file.write("FROM busybox\nRUN exit 3\n")
try:
    client.images.build(path=directory, rm=True)
    tell("build fails", "no")
except docker.errors.BuildError as error:
    tell("build fails", error.msg)
tell("tag", image.tag("sdk", "two"), sorted(client.images.get("sdk:two").tags))
tell("history", len(image.history()) > 1)
tell("missing image", refused(client.images.get, "sdk:none"), refused(client.containers.create, "sdk:none"))

# ---- run
tell("run", client.containers.run("sdk:one", remove=True))
tell("run, both streams", client.containers.run("busybox", ["sh", "-c", "echo out; sleep 0.2; echo err >&2"], stdout=True, stderr=True, remove=True))
try:
    client.containers.run("busybox", ["sh", "-c", "echo wrong >&2; exit 4"], remove=True)
except docker.errors.ContainerError as error:
    tell("run fails", error.exit_status, error.stderr)

# ---- a network, a volume, two containers
network = client.networks.create("sdk-net", driver="bridge", internal=True, labels={"a": "b"}, check_duplicate=True,
                                 ipam=docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet="10.78.4.0/24")]))
network.reload()
tell("network", network.attrs["Internal"], network.attrs["IPAM"]["Config"][0]["Subnet"], network.attrs["Labels"])
volume = client.volumes.create("sdk-data", labels={"c": "d"})
tell("volume", volume.name, volume.attrs["Driver"], volume.attrs["Labels"])
web = client.containers.create(
    "busybox", ["httpd", "-f", "-p", "80", "-h", "/data"], name="sdk-web", detach=True, hostname="web", environment={"A": "1"},
    labels={"part": "web"}, volumes={"sdk-data": {"bind": "/data", "mode": "rw"}}, tmpfs={"/scratch": "size=1m"}, mem_limit="32m",
    nano_cpus=500000000, ulimits=[docker.types.Ulimit(name="nofile", soft=64, hard=128)], restart_policy={"Name": "on-failure", "MaximumRetryCount": 2},
    cap_drop=["NET_RAW"], init=True, ports={"80/tcp": ("127.0.0.1", None)}, extra_hosts={"far": "192.0.2.7"}, sysctls={"net.core.somaxconn": "99"},
    healthcheck={"test": ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"], "interval": 1000000000, "retries": 3})
tell("put", web.put_archive("/data", archive(**{"index.html": "from the archive\n"})))
network.connect(web, aliases=["site"], ipv4_address="10.78.4.9")
web.start()
until("healthy", lambda: api.inspect_container("sdk-web")["State"]["Health"]["Status"] == "healthy")
web.reload()
host = web.attrs["HostConfig"]
tell("host", host["Binds"], host["Tmpfs"], host["Memory"], host["NanoCpus"], host["Ulimits"][0]["Soft"], host["RestartPolicy"]["MaximumRetryCount"])
tell("settings", web.status, web.labels["part"], sorted(web.attrs["NetworkSettings"]["Networks"]), web.ports["80/tcp"][0]["HostIp"])
tell("address", web.attrs["NetworkSettings"]["Networks"]["sdk-net"]["IPAddress"], web.attrs["NetworkSettings"]["Networks"]["sdk-net"]["IPAMConfig"])
tell("other", client.containers.run("busybox", ["wget", "-q", "-O", "-", "http://site/"], network="sdk-net", remove=True))

# ---- exec
code, streams = web.exec_run(["sh", "-c", "echo out; echo err >&2; exit 5"], demux=True)
tell("exec", code, streams)
tell("exec as", web.exec_run(["sh", "-c", "id -u; pwd; echo $X; ulimit -n"], user="1000", workdir="/tmp", environment={"X": "y"}).output)
tell("exec, stream", b"".join(web.exec_run(["sh", "-c", "echo 1; sleep 0.2; echo 2"], stream=True).output))
tell("exec, missing", refused(web.exec_run, ["nothing-of-that-name"]))
execution = api.exec_create("sdk-web", ["cat"], stdin=True)
socket = api.exec_start(execution["Id"], socket=True)
socket._sock.sendall(b"through the socket\n")
tell("exec, socket", frames(socket, 19))
socket.close()
execution = api.exec_create("sdk-web", ["sh", "-c", "test -t 0 && echo yes"], tty=True)
tell("exec, terminal", api.exec_start(execution["Id"], tty=True))
tell("exec, inspected", api.exec_inspect(execution["Id"])["ExitCode"])

# ---- files
stream, stat = web.get_archive("/data/index.html")
with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
    member = tar.getmembers()[0]
    tell("get", member.name, oct(member.mode & 0o7777), tar.extractfile(member).read(), stat["name"], stat["size"])
tell("get, missing", refused(web.get_archive, "/none"))
web.exec_run(["sh", "-c", "echo more >/changed"])
tell("diff", {"Path": "/changed", "Kind": 1} in web.diff())

# ---- attach and logs
talker = client.containers.create("busybox", ["sh", "-c", "while read line; do echo \"got $line\"; done; echo over >&2"], name="sdk-talker", stdin_open=True)
socket = talker.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
talker.start()
socket._sock.sendall(b"one\ntwo\n")
tell("attach", frames(socket, 16))
lines = talker.logs(stream=True, follow=True)
tell("logs, stream", next(lines))
talker.pause()
talker.reload()
tell("pause", talker.status)
talker.unpause()
talker.kill("SIGKILL")
tell("wait", talker.wait()["StatusCode"])
tell("logs", talker.logs(), talker.logs(tail=1), talker.logs(stdout=False), talker.logs(timestamps=True, tail=1)[:3] == b"202")
talker.start()
talker.rename("sdk-other")
talker.reload()
tell("rename", talker.name)
talker.remove(force=True)
attached = client.containers.create("busybox", ["sh", "-c", "echo a; echo b >&2"])
output = api.attach(attached.id, stream=True, demux=True)
attached.start()
tell("attach, parted", sorted((o or b"", e or b"") for o, e in output), attached.wait()["StatusCode"])
attached.remove()

# ---- stats, top, update, restart, stop
stats = web.stats(stream=False)
tell("stats", stats["memory_stats"]["limit"], stats["pids_stats"]["current"] > 0, "eth0" in stats["networks"])
tell("stats, stream", next(web.stats(stream=True, decode=True))["name"])
tell("top", any("httpd" in process[-1] for process in web.top()["Processes"]))
web.update(mem_limit="48m", memswap_limit="48m")
web.reload()
tell("update", web.attrs["HostConfig"]["Memory"])
started = web.attrs["State"]["StartedAt"]
web.restart(timeout=1)
web.reload()
tell("restart", web.status, web.attrs["State"]["StartedAt"] != started, web.attrs["RestartCount"])
tell("lists", [c.name for c in client.containers.list(filters={"label": "part=web"})], len(client.containers.list(filters={"status": "exited", "name": "sdk"})))
tell("commit", web.commit("sdk", "three").tags)
tell("export", len(b"".join(web.export())) > 1000)
web.stop(timeout=1)
tell("stop", web.wait()["StatusCode"] in (0, 137, 143), refused(web.exec_run, "true"))
tell("in use", refused(volume.remove), refused(client.images.remove, "busybox"), refused(client.containers.create, "busybox", name="sdk-web"))

# ---- images there and back
saved = b"".join(client.images.get("sdk:one").save(named=True))
client.images.remove("sdk:one")
tell("load", sorted(client.images.load(saved)[0].tags))

# ---- the end
web.remove(v=True)
network.remove()
volume.remove()
for tag in ("one", "two", "three"):
    client.images.remove(f"sdk:{tag}", force=True)
tell("gone", refused(client.containers.get, "sdk-web"), refused(client.networks.get, "sdk-net"), refused(client.volumes.get, "sdk-data"))
tell("prune", sorted(client.containers.prune()), client.networks.prune()["NetworksDeleted"])
tell("df", [name in client.df() for name in ("LayersSize", "Images", "Containers", "Volumes", "BuildCache")])
until("events", lambda: ("volume", "destroy", "") in recorder.seen)
skipped = ("top", "archive-path", "extract-to-dir", "export") # of clients that look, which only docker tells
tell("events", [f"{kind} {action}" for kind, action, name in recorder.seen
                if name in ("sdk-web", "sdk-net") and not action.startswith(("exec", "health")) and action not in skipped])
