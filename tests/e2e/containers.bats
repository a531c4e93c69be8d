#!/usr/bin/env bats
# Containers as records: created, listed, told of, renamed, removed, and what is left of killed commands.
load ../lib/common
load ../lib/engine

lines() {
	local expected
	expected=$(printf '%s\n' "$@")
	[ "$output" = "$expected" ] || { diff <(echo "$expected") <(echo "$output"); return 1; }
}

@test "create, ps, start, stop, rm: a container's life" {
	id=$(bivy create --name web -l tier=front busybox sleep 100)
	[ ${#id} -eq 64 ]
	[ "$(bivy ps -q)" = "" ]
	[ "$(bivy ps -a --format '{{.ID}} {{.Image}} {{.Command}} {{.State}} {{.Status}} {{.Names}} {{.Labels}}')" = \
		"${id:0:12} busybox \"sleep 100\" created Created web tier=front" ]
	[ "$(bivy start web)" = web ]
	[[ $(bivy ps --format '{{.State}} {{.Status}}') == "running Up "* ]]
	[ "$(bivy ps -q --no-trunc)" = "$id" ]
	run bivy rm web
	[ "$status" -eq 1 ]
	lines "bivy: cannot remove the container 'web': it is running" "hint: stop it first, or use --force"
	[ "$(bivy stop -t 5 "${id:0:6}")" = "${id:0:6}" ]
	[[ $(bivy ps -a --format '{{.Status}}') == "Exited (143) "*" ago" ]]
	[ "$(bivy wait web)" = 143 ]
	[ "$(bivy stop web)" = web ]
	[ "$(bivy rm web)" = web ]
	[ -z "$(bivy ps -aq)" ]
	run bivy rm web
	[ "$status" -eq 1 ]
	lines "bivy: no such container 'web'"
	[ "$(bivy rm -f web)" = web ]
}

@test "names are one container's, and one of two is nearest" {
	bivy create --name web busybox >/dev/null
	run bivy create --name web busybox
	[ "$status" -eq 125 ]
	[[ ${lines[0]} == "bivy: the name 'web' is already in use by the container '"????????????"'" ]]
	[ "${lines[1]}" = "hint: remove or rename that container, or use --replace" ]
	bivy create --name web --replace busybox >/dev/null
	[ "$(bivy ps -aq | wc -l)" -eq 1 ]
	bivy rename web db
	run bivy rename db db
	lines "bivy: the container 'db' has that name already"
	run bivy rename db a/b
	[ "${lines[0]}" = "bivy: invalid container name 'a/b'" ]
	run bivy inspect --type container bd
	[[ $output == *"no such container 'bd'"*"did you mean 'db'?"* ]]
	id=$(bivy create busybox)
	[[ $(bivy inspect -f '{{.Name}}' "$id") =~ ^/[a-z]+_[a-z]+$ ]]
}

@test "kill, pause, unpause, restart" {
	bivy run -d --name web busybox sleep 100 >/dev/null
	bivy pause web
	[ "$(state_of web)" = paused ]
	[[ $(bivy ps --format '{{.Status}}') == *" (Paused)" ]]
	bivy unpause web
	pid=$(bivy inspect -f '{{.State.Pid}}' web)
	bivy restart -t 0 web
	[ "$(state_of web)" = running ]
	[ "$(bivy inspect -f '{{.State.Pid}}' web)" != "$pid" ]
	run bivy kill -s NONE web
	lines "bivy: invalid signal 'NONE': expected a name such as SIGTERM, or a number"
	[ "$(bivy kill web)" = web ]
	[ "$(bivy wait web)" = 137 ]
	for verb in kill pause unpause; do
		run bivy $verb web
		[ "$status" -eq 1 ]
		lines "bivy: cannot $verb the container 'web': it is not running"
	done
	bivy restart web
	[ "$(state_of web)" = running ]
}

@test "one that was out of memory says so, with its limit" {
	run bivy run --name greedy -m 16m busybox sh -c 'exec tail /dev/zero'
	[ "$status" -eq 137 ]
	[[ $(bivy ps -a --format '{{.Status}}') == "Exited (137) "*" ago, out of memory at 16MiB" ]]
	[ "$(bivy inspect -f '{{.State.OOMKilled}} {{.State.OOMLimit}} {{.State.ExitCode}}' greedy)" = "true 16777216 137" ]
}

@test "inspect: docker's shape" {
	bivy create --name web -v /data --restart on-failure:3 -e A=b -h host busybox echo x y >/dev/null
	run bivy inspect web
	[ "$status" -eq 0 ]
	[ "$(jq -c '.[0] | [.Name, .Path, .Args, .State.Status, .State.StartedAt, .Config.Hostname, .Config.Cmd, .HostConfig.RestartPolicy.MaximumRetryCount,
		.HostConfig.NetworkMode, (.Mounts | map([.Type, .Destination, .RW])), (.Config.Env | contains(["A=b"]))]' <<<"$output")" = \
		'["/web","echo",["x","y"],"created","0001-01-01T00:00:00Z","host",["echo","x","y"],3,"bridge",[["volume","/data",true]],true]' ]
	[ "$(jq -r '.[0].Image' <<<"$output")" = "$(bivy images -q --no-trunc busybox)" ]
	[ "$(bivy inspect -s -f '{{.SizeRw}}' web)" -eq 0 ]
	run bivy inspect web busybox nothing
	[ "$status" -eq 1 ]
	[[ $output == *"no such object 'nothing'"* ]]
}

@test "an image that containers were made of stays" {
	bivy create --name web busybox >/dev/null
	bivy tag busybox other
	bivy rmi other
	run bivy rmi busybox
	[ "$status" -eq 1 ]
	[[ ${lines[0]} == "bivy: cannot remove the image 'busybox': the container 'web' ("*") uses it" ]]
	bivy image prune -af >/dev/null
	[ -n "$(bivy images -q busybox)" ]
	bivy rmi -f busybox >/dev/null
	[ -z "$(bivy images -q)" ]
	run bivy start -a web
	[ "$status" -eq 0 ]
	bivy rm web >/dev/null
	# For those that follow.
	tar c -C "$BASE_ROOTFS" . | bivy import --change 'CMD ["sh"]' - busybox >/dev/null
}

@test "prune removes what does not run" {
	bivy run -d --name up busybox sleep 100 >/dev/null
	down=$(bivy create --name down -l keep=no busybox)
	bivy create --name kept -l keep busybox >/dev/null
	run bivy container prune -f --filter label!=keep
	lines "Total reclaimed space: 0B"
	run bivy container prune -f --filter label=keep=no
	[ "${lines[1]}" = "$down" ]
	run bivy container prune <<<n
	[ "$status" -eq 1 ]
	bivy container prune -f >/dev/null
	[ "$(bivy ps -a --format '{{.Names}}')" = up ]
}

@test "events tell what happened" {
	since=$(date +%s.%N)
	bivy run --name one -l a=b busybox true
	bivy rename one two
	bivy rm two >/dev/null
	run bivy events --since "$since" --until 0s --format '{{.Action}} {{.Actor.Attributes.name}}'
	lines "create one" "connect bridge" "start one" "die one" "disconnect bridge" "rename two" "destroy two"
	[ "$(bivy events --since "$since" --until 0s --filter event=die --format '{{.Actor.Attributes.exitCode}}')" = 0 ]
	[ "$(bivy events --since "$since" --until 0s --filter label=a=c)" = "" ]
	run bivy events --filter evnt=die
	[ "$status" -eq 1 ]
	lines "bivy: invalid filter 'evnt=die'" "hint: did you mean 'event=…'?"
	# What its supervisor could not do is told by the container.
	mv "$SCRATCH/run/events" "$SCRATCH/run/kept"
	mkdir "$SCRATCH/run/events"
	bivy run --name three busybox true
	rmdir "$SCRATCH/run/events"
	mv "$SCRATCH/run/kept" "$SCRATCH/run/events"
	[[ $(bivy inspect -f '{{index .State.Warnings 0}}' three) == 20*" cannot write '$SCRATCH/run/events': is a directory, ignoring" ]]
}

@test "a supervisor that was killed: the container is lost, told of, and swept" {
	bivy run -d --name web busybox sleep 100 >/dev/null
	bivy run -d --rm --name away busybox sleep 100 >/dev/null
	for name in web away; do kill -9 "$(bivy inspect -f '{{.State.SupervisorPid}}' $name)"; done
	for i in $(seq 50); do [ "$(state_of web) $(state_of away)" != "exited exited" ] || break; sleep 0.02; done
	[[ $(bivy ps -a --filter name=web --format '{{.Status}}') == "Exited (255) "* ]]
	run bivy system check
	[[ $output == *"without its supervisor: the container 'web'"*"--repair removes what nothing needs"* ]]
	bivy system check --repair
	[ "$(bivy ps -a --format '{{.Names}}')" = web ]
	[ -z "$(ls -A "$SCRATCH/run/containers" "$SCRATCH/run/runtime" | grep -v ':$')" ]
	[ "$(bivy system check)" = "nothing is damaged, nothing is left over" ]
	bivy start web
	[ "$(state_of web)" = running ]
}

# keeper PID: the half of the supervisor PID that serves.
keeper() {
	local pid
	for pid in $(cat "/proc/$1/task/$1/children"); do
		[[ $(tr '\0' ' ' <"/proc/$pid/cmdline") != "bivy-runtime supervise"* ]] || echo "$pid"
	done
}

@test "the half of a supervisor that serves was killed, and the other one does not know yet: start and stop wait for that" {
	bivy run -d --name web busybox sleep 100 >/dev/null
	for i in 1 2 3; do
		before=$(bivy inspect -f '{{.State.Pid}}' web)
		maker=$(bivy inspect -f '{{.State.SupervisorPid}}' web)
		kill -STOP "$maker"
		kill -9 "$(keeper "$maker")"
		bivy start web >"$WORK/started" &
		sleep 0.1
		kill -CONT "$maker"
		wait $!
		[ "$(cat "$WORK/started")" = web ]
		[ "$(state_of web)" = running ]
		[ "$(bivy inspect -f '{{.State.Pid}}' web)" != "$before" ]
		bivy exec web true
	done
	maker=$(bivy inspect -f '{{.State.SupervisorPid}}' web)
	kill -STOP "$maker"
	kill -9 "$(keeper "$maker")"
	bivy stop -t 0 web >"$WORK/stopped" &
	sleep 0.1
	kill -CONT "$maker"
	wait $!
	[ "$(cat "$WORK/stopped")" = web ]
	[ "$(state_of web)" = exited ]
}

@test "commands that were killed: what they left is nothing's" {
	id=$(printf '%064d' 7)
	mkdir -p "$SCRATCH/root/containers/.new-$id/root" "$SCRATCH/root/containers/.gone-$id/root/upper/x" "$SCRATCH/root/names"
	ln -s "../containers/$id" "$SCRATCH/root/names/half"
	run bivy system check
	[ "$status" -eq 0 ]
	[[ $output == *"half made or half removed: containers/.gone-$id"* && $output == *"half made or half removed: containers/.new-$id"* ]]
	[[ $output == *"a name without its container: names/half"* ]]
	bivy create --name half busybox >/dev/null
	bivy rm half >/dev/null
	[ -z "$(ls -A "$SCRATCH/root/containers" "$SCRATCH/root/names" | grep -v ':$')" ]
}

@test "system start brings back what should run" {
	bivy run -d --name always --restart always busybox sleep 100 >/dev/null
	bivy run -d --name stopped --restart unless-stopped busybox sleep 100 >/dev/null
	bivy run -d --name crashed --restart unless-stopped busybox sleep 100 >/dev/null
	bivy run -d --name never busybox sleep 100 >/dev/null
	bivy create --name fresh --restart always busybox >/dev/null
	bivy stop -t 0 stopped >/dev/null
	# As the end of the host does: processes are gone, and so is what is volatile.
	for name in always crashed never; do kill -9 $(bivy inspect -f '{{.State.SupervisorPid}} {{.State.Pid}}' $name) || :; done
	for i in $(seq 50); do [ -z "$(bivy ps -q)" ] && break; sleep 0.02; done
	rm -r "$SCRATCH/run/containers"
	bivy system start
	[ "$(bivy ps --format '{{.Names}}' | sort | tr '\n' ' ')" = "always crashed " ]
}
