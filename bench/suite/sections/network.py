"""Throughput and latency: from outside through a published port, and between containers of the default network.

A client outside is one in another network namespace, behind a link to the suite's.
"""

import json
import subprocess
import sys
import time

from ..measure import Failure

NAME = "network"
HERE, THERE = "192.0.2.1", "192.0.2.2"
LATENCY = """
import socket, sys, time
times = []
for _ in range(int(sys.argv[3])):
    start = time.perf_counter()
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2) as s:
        s.sendall(b"GET /index.html HTTP/1.0\\r\\n\\r\\n")
        while s.recv(4096):
            pass
    times.append(time.perf_counter() - start)
print(sorted(times)[len(times) // 2] * 1e6)
"""


def run(words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise Failure(f"{words[0]}: {(done.stderr or done.stdout).strip()[-200:]}")
    return done.stdout


def make_outside(place):
    """The words that run a command outside of a place."""
    name = f"outside-{place.name}"
    run(["ip", "netns", "add", name])
    for words in (["link", "add", "lan0", "type", "veth", "peer", "name", "eth0", "netns", name], ["addr", "add", f"{HERE}/24", "dev", "lan0"],
                  ["link", "set", "lan0", "up"]):
        run(place.beside(["ip", *words]))
    for words in (["addr", "add", f"{THERE}/24", "dev", "eth0"], ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
        run(["ip", "-n", name, *words])
    return ["ip", "netns", "exec", name]


def gigabits(text):
    return json.loads(text)["end"]["sum_received"]["bits_per_second"] / 1e9


def until(action):
    """ACTION's value as soon as it works: a server takes a moment."""
    end = time.monotonic() + 10
    while True:
        try:
            return action()
        except Failure:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def measure(bench):
    if not bench.place.has("iperf3"):
        raise Failure("iperf3 is not installed")
    engines = {key: engine for key, engine in bench.engines().items() if engine.kind != "lxc"}
    seconds, requests = str(bench.scale(1, 2, 5)), str(bench.scale(500, 2000, 2000))
    outside = {place: make_outside(place) for place in {engine.place for engine in engines.values()}}

    def once(key):
        client = outside[engines[key].place]
        engine, name, web, iperf = engines[key], bench.name(), bench.port(), bench.port()
        options = ("-p", f"{iperf}:5201", "-p", f"{web}:80")
        engine.call(engine.background(name, *options, command=("sh", "-c", "httpd -h /www; exec iperf3 -s")))
        try:
            late = until(lambda: float(run([*client, sys.executable, "-c", LATENCY, HERE, str(web), requests])))
            out = gigabits(until(lambda: run([*client, "iperf3", "-c", HERE, "-p", str(iperf), "-t", seconds, "-R", "-J"])))
            words = engine.words("run", "--rm", "bench", "iperf3", "-c", engine.address(name), "-t", seconds, "-R", "-J")
            return out, gigabits(until(lambda: engine.call(words))), late
        finally:
            engine.call(engine.remove([name]))

    values = bench.rounds(engines, once, share=0.15, least=1, warm_up=False)
    for i, (key, title, unit, more) in enumerate((("out", "throughput of a published port, from outside", "Gbit/s", True),
                                                  ("between", "throughput between containers", "Gbit/s", True),
                                                  ("latency", "a request to a published port, from outside", "µs", False))):
        bench.row(f"network.{key}", title, unit, {engine: [v[i] for v in several] for engine, several in values.items()}, more=more)
