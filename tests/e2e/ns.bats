# bivy: the namespaces of the host.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

number_of() { stat -Lc %i "/proc/$1/ns/$2"; }

@test "ns tells of each namespace of a container its type, number, owner, processes and name" {
	bivy run -d --name web busybox sleep 1000 >/dev/null
	local pid type line
	pid=$(bivy inspect -f '{{.State.Pid}}' web)
	for type in user mnt net pid ipc uts cgroup; do
		line=$(bivy ns --type "$type" --format '{{.Number}} {{.Owner}} {{.Processes}} {{.Pid}} {{.Command}} {{.Containers}} {{.Host}}' | grep "^$(number_of "$pid" "$type") ")
		if [ "$type" = user ]; then
			[ "$line" = "$(number_of "$pid" user) - 1 $pid sleep web false" ]
		else
			[ "$line" = "$(number_of "$pid" "$type") $(number_of "$pid" user) 1 $pid sleep web false" ]
		fi
	done
	run -0 --separate-stderr bivy ns --container web --others
	[[ ${lines[0]} == "TYPE "*"NAMESPACE "*"OWNER "*"PROCESSES "*"PID "*"COMMAND "*"CONTAINERS "*"KEPT BY" ]]
	[ ${#lines[@]} = 8 ]
	run -0 --separate-stderr bivy ns --container web -q --type net
	[ "$output" = "net:[$(number_of "$pid" net)]" ]
}

@test "ns tells who shares a namespace, whom it is in, and that others are the host's" {
	bivy run -d --name web --network none busybox sleep 1000 >/dev/null
	bivy run -d --name beside --network container:web --pid host busybox sleep 1000 >/dev/null
	local pid
	pid=$(bivy inspect -f '{{.State.Pid}}' web)
	run -0 bivy ns -t net --format '{{.Number}} {{.Processes}} {{.Containers}}'
	[[ $output == *"$(number_of "$pid" net) 2 beside,web"* || $output == *"$(number_of "$pid" net) 2 web,beside"* ]]
	[ "$(bivy ns -t pid --container web --format '{{.Parent}}')" = "$(number_of self pid)" ]
	[[ $(bivy ns -t pid --container beside --format '{{.Host}}') == true ]]
}

@test "ns tells what keeps a namespace that nobody is in" {
	require_power mount
	local file=$PWD/kept number
	touch "$file"
	unshare --net="$file" true
	number=$(stat -Lc %i "$file")
	run -0 bivy ns --type network --format '{{.Number}} {{.Processes}} {{.Pid}} {{.Pins}}'
	umount "$file"
	[[ $output == *"$number 0 - $file"* ]]
	unshare --uts sleep 1000 3>&- &
	own_pid $!
	until [ "$(number_of $! uts)" != "$(number_of self uts)" ]; do sleep 0.02; done
	exec 8<"/proc/$!/ns/uts"
	number=$(number_of $! uts)
	kill $! && wait $! || true
	run -0 bivy ns --type uts --format '{{.Number}} {{.Processes}} {{.Pins}}'
	exec 8<&-
	[[ $output == *"$number 0 "*"fd 8 of "* ]]
}

@test "ns refuses types and containers that there are not" {
	run -1 bivy ns --type nets
	[[ $output == *"there is no namespace of type 'nets': expected cgroup, ipc, mnt, net, pid, time, user or uts" ]]
	run -1 bivy ns --container none
	[[ $output == *"no such container 'none'"* ]]
	bivy create --name idle busybox >/dev/null
	run -1 bivy ns --container idle
	[[ $output == *"the container 'idle' is not running"* ]]
	bivy ns --format json | jq -se 'any(.Type == "pid" and .Host == "true")' >/dev/null
}

@test "inspect --kernel draws what a container has in the kernel, and says with whom it shares it" {
	bivy run -d --name web -m 64m -p 127.0.0.1:18081:80 busybox sleep 1000 >/dev/null
	bivy run -d --name beside --network container:web --ipc host busybox sleep 1000 >/dev/null
	local pid
	pid=$(bivy inspect -f '{{.State.Pid}}' web)
	LC_ALL=C run -0 bivy inspect --kernel web
	[[ ${lines[0]} == "web ("*"), process $pid" ]]
	[[ $output == *"|-- namespaces"*"net:[$(number_of "$pid" net)]  shared by "*"processes: 2"*"uts:[$(number_of "$pid" uts)]  its own"* ]]
	local ids="0 to 65535"
	# Root is the user; all containers of who is root of namespaces have all of his ids.
	is_user || in_first_userns || ids="1 to $(awk 'END { print $3 }' /proc/self/uid_map)"
	! is_user || ids="1 to 65536"
	[[ $output == *"|-- uid_map"*"$ids are "*" of the host"*"|-- mounts"*"-- /  overlay rw"*"-- /proc/sys  proc ro,"* ]]
	[[ $output == *"|-- control groups"*"= 67108864"*"|-- capabilities"*"effective: CHOWN "*"seccomp: a filter, number of filters: 1"* ]]
	[[ $output == *"|-- links"*"eth0 in network 'bridge'"*"\`-- rules of nf_tables"*"tcp 127.0.0.1 18081 leads to "* ]]
	LC_ALL=C.UTF-8 run -0 bivy container inspect --kernel beside
	[[ $output == *"├── namespaces"*"ipc:["*"the host's"* ]]
	bivy create --name idle busybox >/dev/null
	run -1 bivy inspect --kernel idle
	[ "$output" = "bivy: the container 'idle' is not running: the kernel knows nothing of it" ]
	run -1 bivy inspect --kernel --format json web
	[[ $output == *"--kernel is for running containers alone"* ]]
}
