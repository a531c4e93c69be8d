# What the peers' tests share: an image that the test makes itself, and a teardown that looks for what a peer left.

load ../lib/common

# make_image TAR: a root file system of busybox as a tar file.
make_image() { tar -C "$BASE_ROOTFS" --numeric-owner -cf "$1" .; }

# background PROGRAM…: starts a daemon of the file's with its output in $SCRATCH/NAME.log and sets daemon_pid.
background() {
	"$@" >"$SCRATCH/$(basename "$1").log" 2>&1 </dev/null 3>&- 4>&- &
	daemon_pid=$!
}

# end PID: ends a daemon that this file started, and waits for it.
end() {
	[ -n "${1:-}" ] || return 0
	kill "$1" 2>/dev/null || return 0
	local try
	for try in $(seq 100); do
		gone "$1" && return 0
		sleep 0.1
	done
	kill -9 "$1" 2>/dev/null || true
}

# host_state: links, firewall tables and mounts of the host, for comparing before and after a file.
host_state() {
	ls /sys/class/net
	ls -d /run/docker /run/containerd 2>/dev/null || true
	if command -v nft >/dev/null; then nft list tables 2>/dev/null || true; fi
	awk '{ print $5 }' /proc/self/mountinfo | grep -v '/bivy-test\.' | sort 
}

# sweep_run BEFORE: removes the empty directories in /run that a peer made, going by the host_state in the file BEFORE.
sweep_run() {
	local dir
	for dir in /run/docker /run/containerd; do
		grep -qxF "$dir" "$1" || [ ! -d "$dir" ] || find "$dir" -depth -type d -empty -delete
	done
}

# on_terminal COMMAND…: runs a command on a terminal; sets $status and $output.
on_terminal() { run timeout -k 5 60 "$PYTHON" "$TESTS_DIR/lib/helper.py" pty 33x77 "$@" </dev/null; }

# capture COMMAND…: as bats' run, which warns at status 127.
capture() {
	status=0
	output=$("$@" 2>&1) || status=$?
}
