# bivy: what containers use, what runs in them, and limits that change.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

@test "stats shows CPU, memory and processes of what runs" {
	bivy run -d --name busy -m 64m --cpus 0.5 busybox sh -c 'while :; do :; done' >/dev/null
	bivy create --name idle busybox >/dev/null
	run -0 bivy stats --no-stream
	[[ ${lines[0]} == "CONTAINER ID"*"NAME"*"CPU %"*"MEM USAGE / LIMIT"*"MEM %"*"NET I/O"*"BLOCK I/O"*"PIDS" ]]
	[ ${#lines[@]} = 2 ] && [[ ${lines[1]} == *busy*"/ 64MiB"* ]]
	run -0 bivy stats --no-stream --format '{{.Name}} {{.PIDs}}' -a
	[ "$output" = $'busy 1\nidle 0' ]
	run -0 bivy stats --no-stream --format json busy
	[[ $output == '{'*'"Name":"busy"'*'}' ]]
	run -1 bivy stats --no-stream none
	[ "$output" = "bivy: no such container 'none'" ]
}

@test "stats goes on, with CPU of the last round, until the container is gone" {
	bivy run -d --name busy --cpus 0.5 busybox sh -c 'while :; do :; done' >/dev/null
	bivy stats --format '{{.CPUPerc}} {{.Throttled}}' busy >rounds 3>&- &
	own_pid $!
	until [ "$(wc -l <rounds)" -ge 2 ]; do sleep 0.05; done
	bivy rm -f busy >/dev/null
	wait $!
	# Whatever else this machine does, it had some, and no more than its limit and what the clocks make of it.
	awk 'NR == 2 { sub("%", "", $1); exit !($1 > 1 && $1 < 75) }' rounds
}

@test "top shows processes with the users that the container has, or what ps says of them" {
	bivy run -d --name web --user user busybox sh -c 'while sleep 0.2; do :; done' >/dev/null
	run -0 bivy top web
	[[ ${lines[0]} == "USER "*PID*PPID*C*STIME*TTY*TIME*CMD ]]
	[[ ${lines[1]} == "user "*"sh -c while sleep 0.2; do :; done" ]]
	run -0 bivy top web -o pid,args
	[[ ${lines[0]} == "PID "*COMMAND ]] && [[ ${lines[1]} == *"sh -c while sleep"* ]]
	run -1 bivy top web -o comm
	[ "$output" = "bivy: there is no column PID in the output of ps" ]
	bivy stop -t 0 web >/dev/null
	run -1 bivy top web
	[ "$output" = "bivy: container 'web' is not running" ]
}

@test "update changes limits at once, all or none, and for the next start" {
	bivy run -d --name web -m 64m busybox sh -c 'while sleep 0.2; do :; done' >/dev/null
	run -0 bivy update -m 96m --pids-limit 50 --restart on-failure:3 web
	[ "$output" = web ]
	[ "$(bivy stats --no-stream --format '{{.MemUsage}}' web | sed 's|.*/ ||')" = 96MiB ]
	run -1 bivy update --memory-swap 32m --cpu-shares 7 web
	[[ ${lines[0]} == "bivy: "*"a memory limit of 100663296 bytes is above that of memory and swap together, 33554432" ]]
	run -1 bivy update --cpuset-cpus 4095 --pids-limit 60 web
	[[ $output == *"cannot update the container 'web'"* ]]
	bivy restart -t 0 web >/dev/null
	[ "$(bivy stats --no-stream --format '{{.MemUsage}}' web | sed 's|.*/ ||')" = 96MiB ]
	grep -q '"PidsLimit":50' "$SCRATCH"/root/containers/*/container.json
	run -1 bivy update web
	[ "$output" = "bivy: 'update' needs an option that says what to change" ]
}
