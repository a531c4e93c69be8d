# The way out of an ordinary user's networks, by each program there is for it. The host is this file's network namespace (tests/lib/in-network),
# behind which there is another one, far away, of both IP versions; names are known to a server on the host's loopback alone.
load ../lib/common

setup_file() {
	require_power "making another user"
	[ "$(id -u)" -eq 0 ] || skip "missing: root, to make a user with"
	[ -x "${BIVY:-}" ] && [ -x "$BIVY_BUILD/bivy-home" ] && [ -x "$BIVY_BUILD/bivy-transfer" ] || skip "missing: bivy, bivy-home and bivy-transfer in this build"
	[ -e /dev/net/tun ] || skip "missing: /dev/net/tun"
	common_setup_file
	chmod 755 "$SCRATCH"
	tar c --owner=0 --group=0 -C "$BASE_ROOTFS" . >"$SCRATCH/root.tar"
	echo "nameserver 127.0.0.53" >"$SCRATCH/resolv.conf"
	echo "0 2147483647" >/proc/sys/net/ipv4/ping_group_range
	cat >"$SCRATCH/serve" <<'X'
#!/usr/bin/env python3
# serve ADDRESS…: names (UDP 53), and whoever connects (TCP 7) is told that he has got far.
import socket, struct, sys, threading

def open_at(address, kind, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    return s

def tell(s):
    while True:
        client, _ = s.accept()
        client.sendall(b"far\n")
        client.close()

def answer(s):
    while True:
        question, asker = s.recvfrom(4096)
        name = question[12:question.index(0, 12) + 5]
        kind = struct.unpack(">H", name[-4:-2])[0]
        data = {1: socket.inet_aton("192.0.2.9"), 28: socket.inet_pton(socket.AF_INET6, "2001:db8:9::9")}.get(kind)
        record = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data if data else b""
        s.sendto(question[:2] + b"\x81\x80" + struct.pack(">HHHH", 1, bool(data), 0, 0) + name + record, asker)

for address in sys.argv[1:]:
    tcp = open_at(address, socket.SOCK_STREAM, 7)
    tcp.listen()
    threading.Thread(target=tell, args=(tcp,), daemon=True).start()
    threading.Thread(target=answer, args=(open_at(address, socket.SOCK_DGRAM, 53),), daemon=True).start()
print("serving", flush=True)
sys.stdin.read()
X
	chmod 755 "$SCRATCH/serve"
}

setup() {
	common_setup
	unshare --net sleep 120 3>&- &
	far=$!
	own_pid $far
	until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
	ip link add up0 type veth peer name up0 netns $far
	ip addr add 192.0.2.1/24 dev up0
	ip -6 addr add 2001:db8:9::1/64 dev up0 nodad
	ip link set up0 up
	nsenter --net --target $far sh -c 'ip addr add 192.0.2.9/24 dev up0; ip -6 addr add 2001:db8:9::9/64 dev up0 nodad; ip link set up0 up'
	ip route add default via 192.0.2.9
	ip -6 route add default via 2001:db8:9::9
	mkfifo "$WORK/end"
	exec 8<>"$WORK/end"
	nsenter --net --target $far "$SCRATCH/serve" 192.0.2.9 2001:db8:9::9 <&8 >"$WORK/far" 3>&- &
	own_pid $!
	"$SCRATCH/serve" 127.0.0.53 127.0.0.1 192.0.2.1 <&8 >"$WORK/near" 3>&- &
	own_pid $!
	until grep -q serving "$WORK/far" && grep -q serving "$WORK/near"; do sleep 0.02; done
}

teardown() {
	ip link del up0 2>/dev/null || true
	common_teardown
}

# go_out PROGRAM HIDDEN…: what a container of a user reaches by PROGRAM, of whom the others are hidden; `run`'s output.
go_out() {
	local program=$1 hide="mount --bind '$SCRATCH/resolv.conf' '$(readlink -f /etc/resolv.conf)'" directory name
	command -v "$program" >/dev/null || skip "missing: $program"
	for name in "${@:2}"; do
		for directory in /usr/local/bin /usr/bin /bin /usr/local/sbin /usr/sbin /sbin; do
			[ ! -e "$directory/$name" ] || hide+="; mount --bind /dev/null $(readlink -f "$directory/$name")"
		done
	done
	cat >"$WORK/script" <<X
set -e; cd; bivy() { "\$BIVY" "\$@"; }
bivy import '$SCRATCH/root.tar' busybox >/dev/null 2>import.log
bivy network create --ipv6 --subnet 10.77.0.0/24 --subnet fd77::/64 net >/dev/null
bivy run -d --name out --network net --cap-add NET_RAW busybox sleep 100 >/dev/null
inside() { bivy exec out busybox "\$@" </dev/null 2>&1 || true; }
# What a server says first. A pasta from before the middle of 2023 loses the end of a short connection.
line() { inside timeout 5 busybox sh -c 'busybox nc -w 2 \$0 7 2>/dev/null | { read -r line; echo \$line; kill \$\$; }' \$1; }
uplink() { ps --ppid "\$(pgrep -u "\$UID" -f "^bivy-home .* hold \$XDG_RUNTIME_DIR/bivy\\$" | head -n 1)" -o pid=,comm= | sed -n '/bivy-home/!s/^ *\([0-9]*\).*/\1/p'; }
echo "program \$(tr '\0' ' ' </proc/\$(uplink)/cmdline | grep -o '\b$program\b' | head -n 1)"
# The first ping of version 6 is lost when it comes within a second of the start: nothing sends it again, as others of its kind are.
for address in 192.0.2.9 2001:db8:9::9; do
	[[ "$program \$address" == "slirp4netns "*:* ]] || echo "ping \$(inside ping -c 3 -W 5 \$address | grep -o "bytes from \$address")"
	echo "tcp \$(line \$address)"
	echo "udp \$(inside nslookup -type=a name.test \$address | grep '^Address: ')"
done
echo "names \$(inside nslookup name.test | grep '^Address: ' | sort | tr '\n' ' ')"
echo "host \$(line 192.0.2.1)"
echo "loopback \$(line 100.127.254.2)"
first=\$(uplink)
sleep 2 # one that ends sooner is not started again before somebody needs it
kill -9 \$first
for i in \$(seq 100); do second=\$(uplink || true); [ -z "\$second" ] || [ "\$second" = "\$first" ] || break; sleep 0.05; done
for i in \$(seq 10); do again=\$(line 192.0.2.9); [ "\$again" != far ] || break; sleep 0.05; done
echo "again \$again"
bivy rm -f out >/dev/null
X
	chmod 755 "$WORK" "$WORK/script"
	run unshare --mount --propagation private sh -c "$hide"'; exec "$@"' sh "$TESTS_DIR/lib/as-user" bash "$WORK/script" 3>&- 8>&-
	assert_ok
}

@test "pasta: both IP versions, names of a server on the host's loopback, ping, nothing of the host's own; and again after it was killed" {
	go_out pasta slirp4netns
	assert_has "program pasta" "names Address: 192.0.2.9 Address: 2001:db8:9::9" "host far" "again far"
	assert_equal 2 "$(grep -c '^tcp far$' <<<"$output")"
	assert_equal 2 "$(grep -c '^udp Address: 192.0.2.9$' <<<"$output")"
	assert_has "ping bytes from 192.0.2.9" "ping bytes from 2001:db8:9::9"
	assert_lacks "loopback far"
}

# Of version 6 it answers no ping.
@test "slirp4netns: both IP versions, names of a server on the host's loopback, ping, nothing of the host's own; and again after it was killed" {
	go_out slirp4netns pasta passt
	assert_has "program slirp4netns" "names Address: 192.0.2.9 Address: 2001:db8:9::9" "host far" "again far"
	assert_equal 2 "$(grep -c '^tcp far$' <<<"$output")"
	assert_equal 2 "$(grep -c '^udp Address: 192.0.2.9$' <<<"$output")"
	assert_has "ping bytes from 192.0.2.9"
	assert_lacks "loopback far"
}
