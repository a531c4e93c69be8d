"""Requests a second to Docker's API, four at a time on connections that are kept, and what a server takes of memory (PSS)."""

import re
import subprocess
import time

from ..engines import wait_for
from ..measure import Failure
from ..processes import Watch, descendants, own, pss_kb

NAME = "api"
AT_ONCE = 20


def ask(place, port, path, count):
    done = subprocess.run(place.beside(["ab", "-q", "-k", "-l", "-c", "4", "-n", count, f"http://127.0.0.1:{port}{path}"]), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300)
    rate = re.search(r"Requests per second:\s+([\d.]+)", done.stdout)
    failed = re.search(r"(?:Failed|Non-2xx)[^:]*:\s+([1-9]\d*)", done.stdout)
    if done.returncode or not rate or failed:
        raise Failure(f"ab: {failed[0] if failed else (done.stderr or done.stdout).strip()[-200:]}")
    return float(rate[1])


def serve(bench, engine):
    """(port, process, kB) of a server; of docker the one that is there."""
    if engine.daemons:
        return engine.port, None, pss_kb(descendants(engine.daemons, own()))
    port, watch = bench.port(), Watch(engine)
    process = engine.place.daemon(engine.serve(port), bench.work / f"serve.{engine.key}")
    if not wait_for(lambda: ask(engine.place, port, "/_ping", 4)):
        process.kill()
        raise Failure("no server that answers")
    time.sleep(1)
    return port, process, watch.pss_kb()


def measure(bench):
    if not bench.place.has("ab"):
        raise Failure("ab is not installed (apache2-utils)")
    engines = {key: engine for key, engine in bench.engines().items() if engine.kind != "lxc"}
    count, requests = bench.scale(10, 50, 200), bench.scale(1000, 5000, 10000)
    servers, names, idle = {}, {}, {}
    try:
        for key, engine in engines.items():
            try:
                servers[key] = serve(bench, engine)
            except Failure as failure:
                bench.absent(key, f"API: {failure}")
                continue
            idle[key] = [servers[key][2] / 1024]
            names[key] = [bench.name() for _ in range(count)]
            for name in names[key]:
                engine.call(engine.words("create", "--name", name, "bench", "sleep", "100000"))
        for row, title, path, number in (("ping", "GET /_ping", "/_ping", requests),
                                         ("list", f"GET /containers/json of {count}", "/v1.41/containers/json?all=1", requests // 20)):
            values = bench.rounds(servers, lambda key: ask(engines[key].place, servers[key][0], path, number), share=0.15, least=2)
            bench.row(f"api.{row}", title, "a second", values, more=True)
        bench.row("api.idle", "memory of a server, idle (PSS)", "MiB", idle)
    finally:
        for _, process, _ in servers.values():
            if process:
                process.terminate()
                process.wait()
        for key, several in names.items():
            for i in range(0, len(several), AT_ONCE):
                engines[key].call(engines[key].remove(several[i:i + AT_ONCE]))
