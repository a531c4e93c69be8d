"""`exec CONTAINER true`."""

NAME = "exec"


def measure(bench):
    with bench.running() as engines:
        bench.row("exec.true", "exec true", "ms", bench.rounds(list(engines), lambda key: engines[key].time(engines[key].enter("bench"))))
