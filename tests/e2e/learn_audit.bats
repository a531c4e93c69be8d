# What a container uses, learned, and all that it may use; and how well a running one is kept apart.

bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

# entries PROFILE MEMBER: the entries of a list, or the names of an object, on one line.
entries() { jq -r ".$2 | if type == \"object\" then keys else . end | join(\" \")" "$1"; }

# needs_landlock [VERSION]: of ports, 4.
needs_landlock() {
	local version
	version=$(python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))')
	[ "$version" -ge "${1:-1}" ] || skip "missing: Landlock of version ${1:-1} in this kernel"
}

# ---------------------------------------------------------------- learning

@test "a run tells its system calls, capabilities, written paths and ports" {
	mkdir data www && echo hello >www/index.html
	bivy run -d --name web --network none --learn p.json -v "$PWD/www:/www:ro" -v "$PWD/data:/data" busybox httpd -f -p 80 -h /www >/dev/null
	# What exec starts is the container's, too.
	run bivy exec web sh -c 'wget -q -O - http://127.0.0.1/ && echo log >>/data/log && chown 5 /tmp && echo x >/dev/null'
	assert_ok
	assert_equal hello "$output"
	[ ! -e p.json ]
	bivy stop -t 1 web >/dev/null
	assert_equal 1 "$(jq .runs p.json)"
	assert_equal "/data /dev/null" "$(entries p.json writes)"
	assert_equal tcp:80 "$(entries p.json binds)"
	assert_equal tcp:80 "$(entries p.json connects)"
	for call in bind listen connect execve openat socket; do
		[[ " $(entries p.json systemCalls) " == *" $call "* ]] || fail "no $call" "$(cat p.json)"
	done
	[[ " $(entries p.json systemCalls) " != *" mount "* ]]
	assert_equal CAP_CHOWN "$(entries p.json capabilities | grep -o CAP_CHOWN)"
	assert_equal "$PWD/p.json" "$(bivy inspect --format '{{.HostConfig.Learn}}' web)"
}

@test "what the container's kernel grants is told apart from what calls suggest" {
	bivy run --rm --network none --learn a.json busybox sh -c 'chown 0:0 /tmp; chroot / true; kill -0 1'
	if [ "$(jq -r '.capabilities.CAP_SYS_CHROOT' a.json)" = kernel ]; then
		# A signal that anybody may send takes no capability.
		assert_equal null "$(jq -r .capabilities.CAP_KILL a.json)"
		assert_equal "[\"kernel\"]" "$(jq -c '[.capabilities[]] | unique' a.json)"
	fi
	# Among the processes of the host's pid namespace it cannot be told apart.
	bivy run --rm --pid host --network none --learn b.json busybox sh -c 'chroot / true'
	assert_equal calls "$(jq -r .capabilities.CAP_SYS_CHROOT b.json)"
	assert_equal assumed "$(jq -r .capabilities.CAP_DAC_OVERRIDE b.json)"
	assert_equal null "$(jq -r .capabilities.CAP_SETUID b.json)"
}

@test "runs are added up, also by hand, and the file is the same for the same" {
	bivy run --rm --network none --learn p.json busybox sh -c 'echo x >/dev/null'
	cp p.json first
	bivy run --rm --network none --learn p.json busybox sh -c 'echo x >/dev/null'
	jq '.runs = 1' p.json | diff - first
	jq '.writes += ["/srv"] | .connects += ["tcp:5432"]' p.json >edited && mv edited p.json
	bivy run --rm --network none --learn p.json busybox sh -c 'echo x >/dev/shm/y'
	assert_equal "/dev/null /dev/shm /srv" "$(entries p.json writes)"
	assert_equal tcp:5432 "$(entries p.json connects)"
	assert_equal 3 "$(jq .runs p.json)"
}

@test "paths are where links lead, and what is its streams' is no file" {
	bivy run --rm --network none --learn p.json busybox sh -c '
		ln -s /var /tmp/l && echo x >/tmp/l/file; echo x >/dev/stdout; echo 5 >/proc/self/oom_score_adj; rmdir /nowhere; mkdir -p /var/tmp; cd /run && echo x >here' >/dev/null 2>&1 || true
	assert_equal "/proc /run /tmp /var" "$(entries p.json writes)"
}

@test "a container that ends by a signal or is restarted is learned from all the same" {
	bivy run --name ct -d --network none --learn p.json busybox sh -c 'trap "" TERM; sleep 100' >/dev/null
	bivy restart -t 0 ct >/dev/null
	bivy kill ct >/dev/null
	bivy wait ct >/dev/null
	assert_equal 2 "$(jq .runs p.json)"
}

@test "a container does not go on without who learns from it" {
	bivy run --name ct -d --network none --learn p.json busybox sleep 100 >/dev/null
	pid=$(for p in /proc/[0-9]*; do
		[ "$(cat "$p/comm" 2>/dev/null)" = bivy-learner ] && tr '\0' ' ' <"$p/cmdline" | grep -qF "$SCRATCH" && echo "${p#/proc/}"; done; true)
	[ -n "$pid" ]
	kill -9 $pid
	run bivy wait ct
	assert_equal 137 "$output"
	assert_equal true "$(bivy inspect ct | jq '[.. | strings | select(contains("the process that learned it was killed"))] | length > 0')"
	[ ! -e p.json ]
}

@test "what cannot be learned or held to is said before anything runs" {
	echo '{"format":1,"systemCalls":["a b"]}' >bad.json
	run bivy run --rm --learn bad.json busybox true
	[ "$status" -eq 125 ]
	assert_has "cannot use '$PWD/bad.json': systemCalls[0]: 'a b' is no name of a system call"
	run bivy run --rm --profile bad.json busybox true
	[ "$status" -eq 125 ]
	assert_has "cannot use '$PWD/bad.json': systemCalls[0]: 'a b' is no name of a system call"
	run bivy run --rm --profile nowhere.json busybox true
	[ "$status" -eq 125 ]
	assert_has "cannot read the profile '$PWD/nowhere.json': no such file or directory"
	run bivy run --rm --learn nowhere/p.json busybox true
	[ "$status" -eq 125 ]
	assert_has "--learn: cannot write to '$PWD/nowhere/': no such file or directory"
	echo '{"format":1}' >empty.json
	run bivy run --rm --learn p.json --profile empty.json busybox true
	assert_has "--learn and --profile exclude each other"
	echo '{"defaultAction":"SCMP_ACT_ALLOW"}' >filter.json
	run bivy run --rm --security-opt seccomp=filter.json --profile empty.json busybox true
	assert_has "--profile and --security-opt seccomp=$PWD/filter.json exclude each other"
	[ ! -e p.json ]
}

# ---------------------------------------------------------------- holding to it

@test "held to its profile a container does what it did, and nothing else" {
	needs_landlock 4
	mkdir data www && echo hello >www/index.html
	learned='wget -q -O - http://127.0.0.1/ && echo log >>/data/log && chown 5 /tmp'
	bivy run -d --name web --network none --learn p.json -v "$PWD/www:/www" -v "$PWD/data:/data" busybox httpd -f -p 80 -h /www >/dev/null
	bivy exec web sh -c "$learned" >/dev/null
	bivy rm -f web >/dev/null
	bivy run -d --name web --network none --profile p.json -v "$PWD/www:/www" -v "$PWD/data:/data" busybox httpd -f -p 80 -h /www >/dev/null
	run bivy exec web sh -c "$learned"
	assert_ok
	assert_equal hello "$output"
	# System calls: the shell's own, which it does not make by a program.
	run bivy exec web mkdir /data/d
	assert_has "Operation not permitted"
	run bivy exec web sh -c 'kill -0 1'
	assert_has "not permitted"
	# Paths, ports, capabilities.
	run bivy exec web sh -c 'echo x >>/www/index.html; echo x >/etc/x; echo x >/data/new && echo written'
	assert_has "can't create /www/index.html: Permission denied"
	assert_has "can't create /etc/x: Permission denied"
	assert_has written
	run bivy exec web wget -q -O - http://127.0.0.1:81/
	assert_has "Permission denied"
	run bivy exec web httpd -p 81
	assert_has "bind: Permission denied"
	run bivy exec web grep CapBnd /proc/self/status
	assert_equal "$(jq '.capabilities | length' p.json)" "$(python3 -c "print(bin(int('${output##*	}', 16)).count('1'))")"
	# The record has the profile as it was.
	rm p.json
	assert_equal "$PWD/p.json" "$(bivy inspect --format '{{.HostConfig.ProfileFile}}' web)"
	[ "$(bivy inspect web | jq '.[0].HostConfig.Profile.systemCalls | length')" -gt 20 ]
	bivy restart -t 0 web >/dev/null
	run bivy exec web sh -c 'echo x >/etc/x'
	assert_has "Permission denied"
}

@test "a profile takes, and never gives" {
	echo '{"format":1,"capabilities":{"CAP_SYS_ADMIN":"kernel","CAP_CHOWN":"kernel"}}' >p.json
	run bivy run --rm --profile p.json busybox grep CapBnd /proc/self/status
	assert_equal $'CapBnd:\t0000000000000001' "$output"
	run bivy run --rm --cap-drop chown --profile p.json busybox grep CapBnd /proc/self/status
	assert_equal $'CapBnd:\t0000000000000000' "$output"
	run bivy run --rm --cap-add sys_admin --profile p.json busybox grep CapBnd /proc/self/status
	assert_equal $'CapBnd:\t0000000000200001' "$output"
}

@test "what a profile does not name is not limited, what it names with nothing is all refused" {
	echo '{"format":1}' >p.json
	run bivy run --rm --network none --profile p.json busybox sh -c 'echo x >/etc/x; chroot / echo ok'
	assert_equal ok "$output"
	needs_landlock
	echo '{"format":1,"writes":[]}' >p.json
	run bivy run --rm --network none --profile p.json busybox sh -c 'echo x >/etc/x; echo x >/dev/null; chroot / echo ok'
	assert_has "can't create /etc/x: Permission denied"
	assert_has "can't create /dev/null: Permission denied"
	assert_has ok
	# A link that takes the place of a path is not followed.
	mkdir data
	ln -s /etc data/link
	echo '{"format":1,"writes":["/top/data/link"]}' >p.json
	run bivy run --rm --network none --profile p.json -v "$PWD:/top" busybox sh -c 'echo x >/etc/x'
	assert_has "Permission denied"
}

# ---------------------------------------------------------------- audit

# findings NAME: "POINTS RULE [OBJECT] (CAUSE)" of each.
findings() { bivy audit --format json "$1" | jq -r '.[].findings[] | "\(.points) \(.rule) \(if .object then .object + " " else "" end)(\(.cause))"'; }

score() { bivy audit --format json "$1" | jq '.[].score'; }

@test "a container as it is by default could be tighter, and one that is has all points" {
	bivy run -d --name usual --network none busybox sleep 100 >/dev/null
	run findings usual
	assert_has "4 root-user (no --user)"
	assert_has "4 memory (no --memory)"
	assert_has "3 new-privileges (default)"
	assert_has "2 writable-root (no --read-only)"
	assert_has "2 profile (no --profile)"
	assert_has "1 processors (no --cpus)"
	assert_lacks "capability"
	assert_lacks "unmasked"
	[ "$(score usual)" -ge 70 ]
	run bivy audit usual
	assert_ok
	assert_has "usual: $(score usual) of 100"
	assert_has "it may take all memory of the host (no --memory)"
	bivy run --rm --network none --learn p.json --read-only busybox sleep 0.1
	bivy run -d --name tight --network none -u user --read-only --memory 32m --pids-limit 50 --cpus 0.5 --security-opt no-new-privileges --profile p.json busybox sleep 100 >/dev/null
	# What the host has of AppArmor and SELinux is not for this test to say, nor whose the root of a user's container is.
	run bash -c "$(declare -f bivy findings); findings tight | grep -v -e ' label ' -e ' own-user '"
	assert_equal "" "$output"
}

@test "each loosening is named with the option that it comes from" {
	mkdir own
	bivy run -d --name loose --network host --pid host --ipc host --uts host --cgroupns host --userns host --cap-add sys_admin --cap-add syslog \
		--security-opt seccomp=unconfined --security-opt unmask=ALL -v /etc:/e -v "$PWD/own:/o:ro" --device /dev/loop-control busybox sleep 100 >/dev/null
	run findings loose
	if has_power; then assert_has "20 user-namespace (--userns=host)"; else assert_has "5 own-user (--userns=host)"; fi
	assert_has "10 pid-namespace (--pid=host)"
	assert_has "10 network (--network=host)"
	assert_has "5 ipc-namespace (--ipc=host)"
	assert_has "2 uts-namespace (--uts=host)"
	assert_has "3 cgroup-namespace (--cgroupns=host)"
	assert_has "10 great-capability CAP_SYS_ADMIN (--cap-add)"
	assert_has "3 capability CAP_SYSLOG (--cap-add)"
	assert_has "15 filter (--security-opt seccomp=unconfined)"
	assert_has "2 unmasked /proc/keys (--security-opt unmask=ALL)"
	assert_has "5 kernel-writable /proc/sys (--security-opt unmask=ALL)"
	assert_has "15 sensitive-bind /etc (--volume)"
	assert_has "1 bind-read $PWD/own (--volume)"
	assert_has "3 device /dev/loop-control (--device)"
	assert_equal 0 "$(score loose)"
}

@test "what the kernel says counts, not what the record says" {
	[ "$(id -u)" -eq 0 ] || skip "missing: root"
	bivy run -d --name changed --network none --read-only -v "$PWD:/w" busybox sleep 100 >/dev/null
	run findings changed
	assert_lacks writable-root
	assert_has "3 bind $PWD (--volume)"
	nsenter -t "$(bivy inspect --format '{{.State.Pid}}' changed)" -m -p mount -o remount,bind,ro /w
	run findings changed
	assert_lacks "3 bind"
	assert_has "1 bind-read $PWD (--volume)"
}

@test "audit: all that run, a limit for scripts, what is looked for, and errors" {
	bivy run -d --name one --network none busybox sleep 100 >/dev/null
	bivy run -d --name two --network none --privileged busybox sleep 100 >/dev/null
	bivy create --name three busybox >/dev/null
	assert_equal "one two" "$(bivy audit --all --format json | jq -r '[.[].name] | join(" ")')"
	run -1 bivy audit --fail-below 50 two
	assert_has "container 'two' has "
	assert_has "less than 50"
	run -0 bivy audit --fail-below 50 one
	run -1 bivy audit three
	assert_has "container 'three' is not running"
	run -1 bivy audit nobody
	assert_has "no such container 'nobody'"
	run bivy audit
	assert_has "expected the name of a container, or --all"
	run -0 bivy audit --rules
	assert_has "great-capability  10 each, 30 at most"
}
