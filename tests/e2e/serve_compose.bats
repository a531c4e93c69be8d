# bivy serve: applications of several services by docker-compose 1.29, and programs with python3-docker. What they see is compared with
# what they saw of Docker 20.10 (tests/data/compose); all steps, and docker compose 2: tests/data/compose/steps.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

COMPOSE=$BIVY_SOURCE/tests/data/compose

setup_file() { serve_setup_file; }
teardown_file() { engine_teardown_file; }
setup() { serve_setup; }

# recorded FILE STEP…: what docker made of these.
recorded() {
	local step

	for step in "${@:2}"; do awk -v head="== $step" '/^== / { shown = $0 == head } shown' "$COMPOSE/$1"; done
}

@test "docker-compose: up with conditions, a change that recreates one service alone, run, and down with all that was made" {
	local steps=(up again change down)

	type -P docker-compose >/dev/null || skip "missing: docker-compose"
	[ -z "$HAS_DOCKER" ] || steps=(up again change run down) # it executes docker for that
	serve
	cp -r "$COMPOSE/app" app
	"$COMPOSE/steps" -d app -s "${steps[*]}" docker-compose >seen 2>errors
	recorded docker.1 "${steps[@]}" >expected
	diff expected seen || { cat errors; false; }
	[ "$(bivy ps -aq; bivy volume ls -q; bivy network ls -q --filter type=custom)" = "" ]
}

@test "python3-docker: containers, streams, files, images, networks, volumes and events" {
	local python

	for python in python3 /usr/bin/python3 ''; do [ -n "$python" ] || skip "missing: python3-docker"; ! "$python" -c 'import docker' 2>/dev/null || break; done
	serve
	mkdir files
	timeout -s KILL 100 "$python" "$COMPOSE/sdk.py" files >seen
	diff "$COMPOSE/docker.sdk" seen
	[ "$(bivy ps -aq; bivy volume ls -q; bivy network ls -q --filter type=custom)" = "" ]
}
