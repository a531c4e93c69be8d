"""Many `run --rm IMAGE true` at once, until the last has ended."""

NAME = "parallel"


def measure(bench):
    engines, count = {key: engine for key, engine in bench.engines().items() if engine.kind != "lxc"}, bench.scale(8, 50, 200)

    def once(key):
        return engines[key].place.time(engines[key].once(), "parallel", [count])

    bench.row("parallel.all", f"{count} times run --rm IMAGE true at once", "ms", bench.rounds(engines, once, share=0.15, least=2, warm_up=False), count=count)
