"""From the start of a web server with a published port to the first byte of its answer to a client on this host, who asks as soon as
the command has returned."""

NAME = "http"


def measure(bench):
    engines = bench.engines()

    def once(key):
        engine, name, port = engines[key], bench.name(), bench.port()
        words = engine.background(name, "-p", f"{port}:80", command=("httpd", "-f", "-h", "/www"))
        host = (engine.address(name), 80) if engine.kind == "lxc" else ("127.0.0.1", port)
        try:
            return engine.place.time(words, "answer", host)
        finally:
            engine.call(engine.remove([name]))

    bench.row("http.first", "start to first byte of HTTP", "ms", bench.rounds(engines, once, share=0.5))
