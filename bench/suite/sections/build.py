"""Builds: one that changes nothing, with the whole cache, and one of ten steps in three stages without it."""

from ..measure import Failure

NAME = "build"
CONTEXTS = {
    "cached": """FROM bench
RUN mkdir /app
WORKDIR /app
COPY a.txt b.txt ./
RUN cat a.txt b.txt > c.txt
ENV A=b
COPY sub sub
RUN ls -R . > list
CMD ["sh"]
""",
    "cold": """FROM bench AS one
RUN echo 1 > /1
RUN echo 2 > /2
COPY a.txt /3
FROM bench AS two
RUN echo 4 > /4
RUN echo 5 > /5
COPY b.txt /6
FROM bench
COPY --from=one /1 /2 /3 /
COPY --from=two /4 /5 /6 /
RUN cat /1 /2 /3 /4 /5 /6 > /7
RUN rm /1
""",
}


def make_context(folder, text):
    (folder / "sub").mkdir(parents=True)
    (folder / "Dockerfile").write_text(text)
    for file in "a.txt", "b.txt", "sub/c.txt":
        (folder / file).write_text(file * 100)


def measure(bench):
    engines = {key: engine for key, engine in bench.engines("memory").items() if engine.kind != "lxc"}
    kits = {}

    def words(key, name):
        command = engines[key].build(bench.work / f"context.{name}", name == "cached")
        return ["env", f"DOCKER_BUILDKIT={kits[key]}", *command] if key in kits else command

    for name, text in CONTEXTS.items():
        make_context(bench.work / f"context.{name}", text)
    for key, engine in engines.items():
        if engine.kind == "docker":
            kits[key] = 1
            try:
                engine.call(words(key, "cached"))
            except Failure as failure:
                kits[key] = 0
                bench.note(f"build: {key} without BuildKit: {failure}")
    for name, title, share in (("cached", "build, all cached", 0.5), ("cold", "build without the cache", 0.2)):
        bench.row(f"build.{name}", title, "ms", bench.rounds(engines, lambda key: engines[key].time(words(key, name)), share=share, least=2))
