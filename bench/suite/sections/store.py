"""Pull from a registry on this host, pull again, load from an archive; GNU tar for comparison. Stores are ext4 in memory."""

import shutil
import subprocess
import sys

from .. import images, world
from ..engines import wait_for
from ..measure import Failure

NAME = "store"
PING = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])"


def start_registry(bench, place, port):
    """On the network of a place. All have the same files, to which one pushes."""
    config = bench.work / "registry.yml"
    config.write_text(f"version: 0.1\nlog: {{ level: error }}\nhttp: {{ addr: 127.0.0.1:{port} }}\n"
                      f"storage: {{ filesystem: {{ rootdirectory: {bench.work}/registry }} }}\n")
    server = place.daemon(["docker-registry", "serve", config], bench.work / f"registry.{place.name}.log", inside=False)
    if not wait_for(lambda: subprocess.run(place.beside([sys.executable, "-c", PING, f"http://127.0.0.1:{port}/v2/"]), stderr=subprocess.DEVNULL).returncode == 0):
        server.kill()
        raise Failure("docker-registry does not start")
    return server


def measure(bench):
    engines = {key: engine for key, engine in bench.engines("memory").items() if engine.kind != "lxc"}
    port = bench.port()
    name = f"127.0.0.1:{port}/big:1"
    layer, archive = bench.work / "big.tar", bench.work / "big.archive"
    size, files = images.make_big(layer, bench.scale(25, 100, 170))
    packed = images.make_archive(layer, archive, name)
    bench.note(f"pull, load: an image of {size / 1e6:.0f} MB in {files} files, {packed / 1e6:.0f} MB in gzip")

    def load(key):
        if key == "tar":
            shutil.rmtree(folder / "x", ignore_errors=True)
            (folder / "x").mkdir()
            return bench.place.time(["tar", "-C", folder / "x", "-x", "-z", "-p", "--numeric-owner", "-f", f"{archive}.gz"])
        return anew(key, engines[key].load(archive))

    def pull(key):
        return anew(key, engines[key].pull(name))

    def anew(key, words):
        if key in loaded:
            loaded.remove(key)
            engines[key].forget(name)
        loaded.add(key)
        return engines[key].time(words)

    loaded, folder = set(), world.disk(bench.work, "tar", 1024)
    bench.row("store.load", "load an archive", "ms", bench.rounds([*engines, "tar"], load, share=0.25, least=2))
    bivy = next((engine for engine in engines.values() if engine.kind == "bivy"), None)
    if not bivy:
        return
    if not bench.place.has("docker-registry"):
        bench.absent("pull", "docker-registry is not installed")
        return
    servers = []
    try:
        for place in {engine.place for engine in engines.values()}:
            servers.append(start_registry(bench, place, port))
        if bivy.key not in loaded:
            bivy.call(bivy.load(archive))
        bivy.call(bivy.fresh(bivy.words("push", name)))
        bench.row("store.pull", "pull", "ms", bench.rounds(engines, pull, share=0.25, least=2))
        bench.row("store.again", "pull what is there", "ms", bench.rounds(engines, lambda key: engines[key].time(engines[key].pull(name)), share=0.5))
    finally:
        for server in servers:
            server.kill()
            server.wait()
        for key in loaded & engines.keys():
            engines[key].forget(name)
