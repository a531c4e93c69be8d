"""Start to exit of `run --rm IMAGE true` on the default network: warm, and cold with nothing in the page cache and nothing prepared."""

from .. import world

NAME = "start"


def measure(bench):
    engines = bench.engines()
    floor = bench.floor()

    def once(key):
        return floor.time(floor.words) if key == floor.key else engines[key].time(engines[key].once())

    def cold(key):
        if key in engines:
            engines[key].nothing_prepared()
        world.drop_caches()
        return once(key)

    names = [floor.key, *engines]
    bench.row("start.warm", "run --rm IMAGE true, warm", "ms", bench.rounds(names, once))
    bench.row("start.cold", "run --rm IMAGE true, cold", "ms", bench.rounds(names, cold, share=0.25, least=2, warm_up=False))
