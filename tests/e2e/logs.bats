# What containers write, kept by log drivers and read back.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

# log_files NAME: where they are.
log_files() { echo "$SCRATCH"/root/containers/"$(bivy ps -aq --no-trunc --filter "name=^$1\$")"/log; }

@test "logs: each stream where it belongs, and exactly the bytes" {
	bivy run --name web busybox sh -c 'echo out; echo err >&2; printf "no end"' >/dev/null 2>&1
	run --separate-stderr bivy logs web
	[ "$status" -eq 0 ]
	[ "$output" = "out
no end" ]
	[ "$stderr" = err ]
	head -c 200000 /dev/urandom >bytes
	bivy run -i --name bytes busybox cat <bytes | cmp - bytes
	bivy logs bytes | cmp - bytes
}

@test "logs: a terminal's output" {
	bivy run -d -t --name web busybox sh -c 'echo one; echo two >&2'
	bivy wait web
	[ "$(bivy logs web)" = $'one\r\ntwo\r' ]
}

@test "logs: the last lines, from and up to a time, with times" {
	bivy run --name web busybox sh -c 'for i in 1 2 3 4 5; do echo line $i; sleep 0.02; done' >/dev/null
	[ "$(bivy logs --tail 2 web)" = "line 4
line 5" ]
	[ -z "$(bivy logs -n 0 web)" ]
	[ "$(bivy logs -n all web | wc -l)" -eq 5 ]
	bivy logs -t web >stamped
	[[ $(sed -n 3p stamped) =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z\ line\ 3$ ]]
	third=$(sed -n '3s/ .*//p' stamped)
	[ "$(bivy logs --since "$third" web)" = "line 3
line 4
line 5" ]
	[ "$(bivy logs --until "$third" web)" = "line 1
line 2
line 3" ]
	[ "$(bivy logs --since 10m --until 0s web | wc -l)" -eq 5 ]
	[ -z "$(bivy logs --until 10m web)" ]
}

@test "logs: a follower sees what is written, and ends with the container" {
	bivy run -d --name web busybox sh -c 'echo one; while [ ! -e /go ]; do sleep 0.02; done; echo two >&2; printf three' >/dev/null
	bivy logs -f web >out 2>err 3>&- &
	own_pid $!
	follower=$!
	wait_for grep -q one out
	bivy exec web touch /go || [ $? -eq 137 ] # the end of the container may be quicker than its own
	wait $follower
	[ "$(cat out)" = "one
three" ]
	[ "$(cat err)" = two ]
	# One that has ended.
	[ "$(bivy logs -f web 2>/dev/null)" = "one
three" ]
}

@test "logs: they go on when the container is started again" {
	bivy run --name web busybox echo again >/dev/null
	bivy start -a web >/dev/null
	[ "$(bivy logs web)" = "again
again" ]
}

@test "logs: of one that never stops writing, the last lines are as many as were asked for" {
	bivy run -d --name web busybox sh -c 'while :; do echo line; done' >/dev/null
	wait_for eval '[ -n "$(bivy logs -n 1 web)" ]'
	for i in 1 2 3 4 5 6 7 8 9 10; do [ "$(bivy logs -n 1 web)" = line ]; done
	[ "$(bivy logs -n 100 web | wc -l)" -eq 100 ]
}

@test "logs: bounded, with the older files compressed" {
	bivy run --name web --log-opt max-size=64k --log-opt max-file=3 busybox sh -c 'for i in 1 2 3 4 5; do seq 5000; sleep 0.1; done' >/dev/null
	wait_for sh -c "ls '$(log_files web)' | grep -q zst"
	[ "$(ls "$(log_files web)" | wc -l)" -eq 3 ]
	[ "$(du -sk "$(log_files web)" | cut -f1)" -lt 200 ]
	[ "$(bivy logs -n 2 web)" = "4999
5000" ]
	bivy logs web | tail -n 6000 >tail
	{ seq 4001 5000; seq 5000; } | cmp - tail
	bivy logs -n 6000 web | cmp - tail
}

@test "logs: json-file has docker's form" {
	bivy run --name web --log-driver json-file --log-opt tag='{{.Name}}/{{.ImageName}}' --log-opt labels=tier --log-opt env=WHO --label tier=front -e WHO=me \
		busybox sh -c 'printf "a\\tb\\n"; echo err >&2' >/dev/null 2>&1
	file=$(echo "$(log_files web)"/*-json.log)
	[ "$(jq -c '[.log, .stream, .attrs]' "$file" | sort)" = '["a\tb\n","stdout",{"tag":"web/busybox","tier":"front","WHO":"me"}]
["err\n","stderr",{"tag":"web/busybox","tier":"front","WHO":"me"}]' ]
	[ "$(bivy logs web 2>&1 | sort)" = $'a\tb\nerr' ]
	[ "$(bivy logs --details web 2>/dev/null)" = $'WHO=me,tag=web%2Fbusybox,tier=front a\tb' ]
	bivy run --name many --log-driver json-file --log-opt max-size=64k --log-opt max-file=3 busybox seq 3000 >/dev/null
	bivy logs many | tail -n 1500 | cmp - <(seq 1501 3000)
	bivy logs -n 700 many | cmp - <(seq 2301 3000)
}

@test "logs: none, and the caller's own streams" {
	[ "$(bivy run --name web --log-driver none busybox echo hello)" = hello ]
	[ -z "$(ls -A "$(log_files web)")" ]
	run bivy logs web
	[ "$status" -eq 1 ]
	[ "$output" = "bivy: container 'web' has no log: its log driver is 'none'" ]
	bivy run -d --log-driver passthrough --name through busybox sh -c 'echo out; echo err >&2' >out 2>err
	bivy wait through
	grep -qx out out
	[ "$(cat err)" = err ]
}

@test "logs: a full disk drops lines, and nothing else happens" {
	require_power "mounting where the container's log is"
	bivy create --name web busybox sh -c 'seq 20000; exit 7' >/dev/null
	id=$(bivy ps -aq --no-trunc)
	mkdir -p "$SCRATCH/root/containers/$id/log"
	mount -t tmpfs -o size=64k log "$SCRATCH/root/containers/$id/log"
	bivy start -a web >out && status=0 || status=$?
	bivy logs web >kept || true
	wait_for umount "$SCRATCH/root/containers/$id/log" # the supervisor may have it open a moment longer
	[ "$status" -eq 7 ]
	seq 20000 | cmp - out
	lines=$(wc -l <kept)
	[ "$lines" -gt 1000 ]
	[ "$lines" -lt 20000 ]
	# Whole ones, in their order.
	sort -nu kept | cmp - kept
	[ "$(jq .LogDropped "$SCRATCH/root/containers/$id/state.json")" -eq $((20000 - lines)) ]
}

@test "logs: the journal, where there is one" {
	if [ -S /run/systemd/journal/socket ] && command -v journalctl >/dev/null; then
		bivy run --name web --log-driver journald busybox sh -c 'echo out; echo err >&2' >/dev/null 2>&1
		wait_for eval '[ "$(bivy logs web 2>/dev/null)" = out ]'
		[ "$(bivy logs web 2>&1 >/dev/null)" = err ]
	elif [ ! -e /run/systemd/journal/socket ]; then
		run bivy run --log-driver journald busybox true
		[ "$status" -eq 125 ]
		[ "${lines[0]}" = "bivy: cannot log to the journal '/run/systemd/journal/socket': no such file or directory" ]
		[ "${lines[1]}" = "hint: without journald, use the log driver local" ]
		[ -z "$(bivy ps -aq)" ]
	fi
}

@test "logs: what is wrong is refused, and nothing is left" {
	for case in "--log-driver syslog|bivy: invalid value 'syslog' for --log-driver: expected one of local, json-file, journald, none, passthrough" \
		"--log-opt max-sise=1m|bivy: log driver 'local' has no option 'max-sise'" \
		"--log-opt max-size=x|bivy: log option 'max-size=x': expected a size such as 10m, or -1 for no limit" \
		"--log-driver json-file --log-opt tag={{.No}}|bivy: log option 'tag={{.No}}': there is no field 'No'"; do
		run bivy run --name web ${case%|*} busybox true
		[ "$status" -eq 125 ]
		[ "${lines[0]}" = "${case#*|}" ]
	done
	[ -z "$(bivy ps -aq)" ]
	run bivy logs web
	[ "$status" -eq 1 ]
	[ "$output" = "bivy: no such container 'web'" ]
	bivy create --name web busybox true >/dev/null
	[ -z "$(bivy logs -f web)" ]
	for case in "--tail x|bivy: invalid value 'x' for --tail: expected a number of lines, or all" \
		"--since x|bivy: invalid --since 'x': expected a time such as 2024-05-07T12:34:56 or an age such as 24h"; do
		run bivy logs ${case%|*} web
		[ "$status" -ne 0 ]
		[ "${lines[0]}" = "${case#*|}" ]
	done
}
