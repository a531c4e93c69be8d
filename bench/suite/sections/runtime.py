"""OCI runtimes alone, each with the same bundle: default configuration, Docker's seccomp profile, limits. bench/runtime measures more."""

import json
import pathlib

from ..images import ARCHITECTURE

NAME = "runtime"
PROFILE = pathlib.Path(__file__).resolve().parents[3] / f"tests/data/seccomp/docker-default-{ARCHITECTURE}.json"


def make_bundle(bench):
    bundle = bench.work / "bundle"
    bundle.mkdir()
    bench.place.call([bench.build / "bivy-runtime", "spec", "--bundle", bundle])
    config = json.loads((bundle / "config.json").read_text())
    config["process"] |= {"terminal": False, "args": ["/bin/true"]}
    config["root"]["path"] = str(bench.root)
    config["linux"] |= {"cgroupsPath": "/bench-runtime", "seccomp": json.loads(PROFILE.read_text())}
    config["linux"].setdefault("resources", {}).update(
        {"memory": {"limit": 67108864}, "cpu": {"shares": 512, "quota": 50000, "period": 100000}, "pids": {"limit": 64}})
    (bundle / "config.json").write_text(json.dumps(config))
    return bundle


def measure(bench):
    bundle, runtimes, floor = make_bundle(bench), bench.runtimes(), bench.floor()

    def once(key):
        if key == floor.key:
            return floor.time(floor.words)
        return runtimes[key].place.time(runtimes[key].once(bundle))

    bench.row("runtime.true", "runtime run of true, of a bundle", "ms", bench.rounds([floor.key, *runtimes], once))
