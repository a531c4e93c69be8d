# Networks of an ordinary user: names, published ports. The host is this file's network namespace (tests/lib/in-network).
load ../lib/common

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "missing: root, to make a user with"
	[ -x "${BIVY:-}" ] && [ -x "$BIVY_BUILD/bivy-home" ] && [ -x "$BIVY_BUILD/bivy-transfer" ] || skip "missing: bivy, bivy-home and bivy-transfer in this build"
	command -v pasta slirp4netns >/dev/null || skip "missing: pasta, slirp4netns"
	common_setup_file
	tar c --owner=0 --group=0 -C "$BASE_ROOTFS" . >"$SCRATCH/root.tar"
	ip link set lo up
	ip addr add 198.51.100.1/32 dev lo
	ip addr add 198.51.100.7/32 dev lo
	ip -6 addr add 2001:db8::1/128 dev lo nodad
	chmod 755 "$SCRATCH"
	# ask SOURCE DESTINATION PORT: what a server there says of who it is asked by.
	cat >"$SCRATCH/ask" <<'X'
#!/usr/bin/env python3
import socket, sys
s = socket.create_connection((sys.argv[2], int(sys.argv[3])), 30, (sys.argv[1], 0) if sys.argv[1] != "-" else None)
s.shutdown(socket.SHUT_WR)
text = b""
while block := s.recv(4096):
    text += block
print(text.decode().strip())
X
	chmod 755 "$SCRATCH/ask"
}

# as_user SCRIPT: in a home of his own with the image busybox, before which there is what BEFORE does; its output and status are `run`'s.
as_user() {
	printf '%s\n' 'set -e; cd; bivy() { "$BIVY" "$@"; }' "ask() { '$SCRATCH/ask' \"\$@\"; }" \
		'until_listening() { for i in $(seq 100); do bivy exec $1 busybox netstat -ltn 2>/dev/null | grep -q ":$2 " && return; sleep 0.05; done; }' \
		"${BEFORE:-}" "bivy import '$SCRATCH/root.tar' busybox >/dev/null 2>import.log" "$1" >"$WORK/script"
	chmod 755 "$WORK" "$WORK/script"
	run "$TESTS_DIR/lib/as-user" bash "$WORK/script" 3>&-
}

@test "published ports: the client's address is kept, loopback appears as the gateway, both families, and each goes with its container" {
	as_user '
		bivy network create --ipv6 --subnet 10.66.3.0/24 --subnet fd66::/64 net >/dev/null
		bivy run -d --name web --network net --ip 10.66.3.5 -p 8080:80 busybox busybox nc -ll -p 80 -e sh -c "busybox netstat -tn | grep :80 | grep -v TIME_WAIT | head -n 1 | while read a b c d e f; do echo \$e; done" >/dev/null
		until_listening web 80
		bivy port web
		ask 198.51.100.7 198.51.100.1 8080 | sed "s/:[0-9]*$//"
		ask - 127.0.0.1 8080 | sed "s/:[0-9]*$//"
		bivy rm -f web >/dev/null
		for i in $(seq 100); do ask - 127.0.0.1 8080 2>/dev/null || { echo gone; break; }; sleep 0.02; done'
	assert_ok
	assert_has "80/tcp -> 0.0.0.0:8080"
	assert_has "198.51.100.7"
	assert_has "10.66.3.1"
	assert_has "gone"
}

@test "networks have the MTU of the way out, or one that is chosen, and no packet goes through a firewall twice" {
	as_user '
		bivy run --rm busybox cat /sys/class/net/eth0/mtu
		bivy network create -o mtu=1400 small >/dev/null; bivy network create large >/dev/null
		for network in small large; do bivy run --rm --network $network busybox cat /sys/class/net/eth0/mtu; done
		bivy system enter --network sh -c "cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null || echo 0"'
	assert_ok
	assert_equal "65520 1400 65520 0" "$(echo $output)"
}

@test "much that goes through a port arrives as it was, by both versions of IP" {
	head -c 30000000 /dev/urandom >"$WORK/much"
	chmod 644 "$WORK/much"
	as_user '
		bivy network create --ipv6 --subnet 10.66.5.0/24 --subnet fd65::/64 net >/dev/null
		bivy run -d --name web --network net -p 8097:80 -v "'"$WORK"'/much:/much:ro" busybox busybox nc -ll -p 80 -e cat /much >/dev/null
		bivy run -d --name sum --network net -p 8098:80 busybox busybox nc -ll -p 80 -e sha1sum >/dev/null
		until_listening web 80; until_listening sum 80
		for address in 127.0.0.1 198.51.100.1 ::1 2001:db8::1; do
			timeout '"$(slow 20)"' busybox nc $address 8097 </dev/null | sha1sum
			timeout '"$(slow 20)"' busybox nc $address 8098 <"'"$WORK"'/much"
		done
		bivy rm -f web sum >/dev/null'
	assert_ok
	assert_equal 8 "$(grep -c "^$(sha1sum <"$WORK/much" | cut -d' ' -f1) " <<<"$output")"
}

@test "a port that is taken, and one that is root's, are told of in a line" {
	python3 -c 'import socket, time; s = socket.socket(); s.bind(("0.0.0.0", 8081)); s.listen(); time.sleep(60)' 3>&- &
	holder=$!
	sleep 0.3
	echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start
	as_user '
		bivy run --rm -p 8081:80 busybox true || echo "status $?"
		bivy run --rm -p 81:80 busybox true || echo "status $?"'
	kill $holder
	assert_ok
	assert_has "cannot publish port 8081/tcp"
	assert_has "cannot publish port 81/tcp: permission denied"
	assert_has "sysctl net.ipv4.ip_unprivileged_port_start=81"
	assert_has "status 125"
}

@test "names in networks, ports published and taken back live, and published again after the holder was killed" {
	as_user '
		bivy network create net >/dev/null
		bivy run -d --name web --network net -p 8082:80 busybox busybox nc -ll -p 80 -e echo hello >/dev/null
		until_listening web 80
		bivy run --rm --network net busybox busybox nc -w 2 web 80 </dev/null
		bivy update --publish-add 8083:80 web >/dev/null; ask - 127.0.0.1 8083
		bivy update --publish-rm 8083:80 web >/dev/null; ask - 127.0.0.1 8082
		kill -9 $(pgrep -f "^bivy-home .* hold $XDG_RUNTIME_DIR/bivy\$"); sleep 0.2
		bivy ps -q | wc -l
		for i in $(seq 100); do ask - 127.0.0.1 8082 2>/dev/null && break; sleep 0.05; done
		bivy rm -f web >/dev/null'
	assert_ok
	assert_equal "hello hello hello 1 hello" "$(echo $output)"
}

@test "a forwarder that is killed again and again is begun again each time, and has all ports; when it cannot live clients are refused, until it can" {
	local is_quick=
	[ "${BIVY_TEST_SLOW:-1}" -gt 3 ] || is_quick=yes # enough to end one within a second of its beginning
	as_user '
		holder() { pgrep -o -f "^bivy-home .* hold $XDG_RUNTIME_DIR/bivy\$"; }
		forwarder() { pgrep -P $(holder) -f "^bivy-home "; }
		killed() { local pid; pid=$(forwarder) && kill -9 $pid 2>/dev/null; }
		bivy run -d --name web -p 8090:80 -p 8091:80 busybox busybox nc -ll -p 80 -e echo hello >/dev/null
		until_listening web 80
		for i in 1 2 3; do
			killed; killed || true
			timeout '"$(slow 5)"' "'"$SCRATCH"'/ask" - 127.0.0.1 8090
		done
		killed; bivy update --publish-add 8092:80 web >/dev/null
		for port in 8090 8091 8092; do timeout '"$(slow 5)"' "'"$SCRATCH"'/ask" - 127.0.0.1 $port; done
		[ -n "'$is_quick'" ] || { bivy rm -f web >/dev/null; exit; }
		( until [ -e stop ]; do killed || sleep 0.01; done ) &
		for i in $(seq 100); do timeout '"$(slow 5)"' "'"$SCRATCH"'/ask" - 127.0.0.1 8091 2>&1 | grep -q refused && { echo refused; break; }; sleep 0.05; done
		touch stop; wait
		for i in $(seq 100); do timeout '"$(slow 5)"' "'"$SCRATCH"'/ask" - 127.0.0.1 8091 2>/dev/null && break; sleep 0.05; done
		bivy rm -f web >/dev/null'
	assert_ok
	assert_equal "hello hello hello hello hello hello${is_quick:+ refused hello}" "$(echo $output)"
}

@test "port --explain: a port is a socket of the host, whose rules for what comes in are asked, and reached by ::1, too" {
	as_user '
		bivy network create --ipv6 --subnet 10.66.4.0/24 --subnet fd64::/64 net >/dev/null
		bivy run -d --name web --network net -p 8094:80 -p "[::1]:8095:80" busybox busybox nc -ll -p 80 -e echo hello >/dev/null
		until_listening web 80
		ask - ::1 8094; ask - ::1 8095; ask - 127.0.0.1 8094
		bivy port --explain web
		bivy rm -f web >/dev/null'
	assert_ok
	assert_equal "hello hello hello" "$(echo ${lines[@]:0:3})"
	assert_has "0.0.0.0:8094, [::]:8094 -> 80/tcp"
	assert_has "  reached by: whoever reaches any address of this host; containers; this host itself, also by 127.0.0.1 and ::1"
	assert_has "  reached by: this host alone, by that address"
	assert_equal 1 "$(grep -c "^  asked: the host's own rules for what comes in (INPUT)" <<<"$output")"
	assert_lacks "not asked" "nobody"
}

@test "a rule set that was flushed in a home is made again, the forwarder's, too: answers come home" {
	command -v nft >/dev/null || skip "missing: nft"
	as_user '
		bivy run -d --name web -p 8087:80 busybox busybox nc -ll -p 80 -e echo hello >/dev/null
		until_listening web 80
		ask 198.51.100.7 198.51.100.1 8087
		bivy system enter --network nft list tables | sort
		bivy system enter --network nft flush ruleset
		bivy run --rm busybox true
		bivy system enter --network nft list tables | sort
		timeout '"$(slow 20)"' "'"$SCRATCH"'/ask" 198.51.100.7 198.51.100.1 8087
		bivy rm -f web >/dev/null'
	assert_ok
	local tables="table inet bivy table inet bivy-forwarder"
	assert_equal "hello $tables $tables hello" "$(echo $output)"
}

@test "rules of the forwarder that were flushed while no network was there are made again: the next container is answered to" {
	command -v nft >/dev/null || skip "missing: nft"
	as_user '
		web() { bivy run -d --name web -p 8096:80 busybox busybox nc -ll -p 80 -e echo hello >/dev/null; until_listening web 80; }
		web; ask 198.51.100.7 198.51.100.1 8096
		bivy rm -f web >/dev/null
		for i in $(seq 200); do bivy system enter --network nft list tables | grep -qx "table inet bivy" || break; sleep 0.05; done
		bivy system enter --network nft flush ruleset
		bivy system enter --network nft list tables | grep -x "table inet bivy" || echo none
		web; timeout '"$(slow 20)"' "'"$SCRATCH"'/ask" 198.51.100.7 198.51.100.1 8096
		bivy rm -f web >/dev/null'
	assert_ok
	assert_equal "hello none hello" "$(echo $output)"
}

@test "a port of sctp is told to be no user's" {
	as_user 'bivy run --rm -p 8084:80/sctp busybox true || echo "status $?"'
	assert_ok
	assert_has "cannot publish port 8084/sctp: an ordinary user's ports are of tcp and udp alone" "status 125"
}

# As many as there may be sockets for, up to twenty thousand; what as-user gives may be more than the caller has.
@test "thousands of ports at once, with other numbers in the container, too; what is too much for the limit of descriptors is refused whole" {
	local most=$((20000 / ${BIVY_TEST_SLOW:-1}))
	# Before anybody holds the namespaces, and with them this limit.
	BEFORE="
		may=\$((\$(ulimit -Hn) / 2 - 10)) most=$most
		((most < may)) || most=\$may
		ulimit -n \$((2 * most + 20))
		echo \$most"
	as_user "
		first=10000 last=\$((10000 + most - 1))
		bivy run -d --name many -p 127.0.0.1:\$first-\$last:\$first-\$last busybox nc -ll -p \$last -e echo last >/dev/null
		until_listening many \$last
		ask - 127.0.0.1 \$last
		bivy run -d --name more -p 127.0.0.1:40000-40099:40000-40099 busybox sleep 100 >/dev/null || echo \"status \$?\"
		ask - 127.0.0.1 40000 2>/dev/null || echo none
		ask - 127.0.0.1 \$last
		bivy rm -f many more >/dev/null
		bivy run -d --name many -p 127.0.0.1:\$first-\$last:20000-\$((20000 + most - 1)) busybox nc -ll -p 20000 -e echo first >/dev/null
		until_listening many 20000
		ask - 127.0.0.1 \$first
		bivy rm -f many >/dev/null"
	assert_ok
	most=${lines[0]}
	assert_equal "last" "${lines[1]}"
	assert_equal "bivy: cannot start the container 'more': cannot publish so many ports: $((most + 100)) sockets are needed for all there are, and there may be $((most + 10))" "${lines[2]}"
	[[ "${lines[3]}" == "hint: a process may have $((2 * most + 20)) descriptors (\`ulimit -Hn\`)"* ]] || fail "$output"
	assert_equal "status 125 none last first" "$(echo "${lines[@]:4}")"
}

@test "networks keep clear of the host's routes; of one that came later doctor tells" {
	mkdir -m 777 "$WORK/signs"
	ip addr add 10.66.128.1/16 dev lo
	sh -c "until [ -e '$WORK/signs/made' ]; do sleep 0.05; done; ip addr add 10.99.3.1/24 dev lo; touch '$WORK/signs/moved'" 3>&- &
	own_pid $!
	as_user "
		bivy network create --subnet 10.66.9.0/24 taken || echo \"status \$?\"
		bivy network create chosen >/dev/null; bivy network inspect chosen -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}'
		bivy network create --subnet 10.99.3.0/24 late >/dev/null; bivy doctor subnets >/dev/null; echo \"before \$?\"
		touch '$WORK/signs/made'; until [ -e '$WORK/signs/moved' ]; do sleep 0.05; done
		bivy doctor --format json subnets || echo \"after \$?\"
		bivy network rm late >/dev/null; bivy doctor subnets >/dev/null; echo \"removed \$?\""
	ip addr del 10.66.128.1/16 dev lo
	ip addr del 10.99.3.1/24 dev lo
	assert_ok
	assert_has "bivy: the subnet 10.66.9.0/24 overlaps the address through lo (10.66.0.0/16)" "status 1" "before 0" "after 1" "removed 0"
	assert_has "the network 'late' has the subnet 10.99.3.0/24, which overlaps the address through lo (10.99.3.0/24)"
	grep -q '^10\.67\.' <<<"$output" || fail "no subnet beyond the host's: $output"
}

@test "without a way out containers still reach each other, and why there is none is said" {
	[ -e /dev/net/tun ] || skip "missing: /dev/net/tun"
	export BIVY_USER_TUN=none
	as_user '
		bivy network create net >/dev/null
		bivy run -d --name web --network net busybox sleep 100 >/dev/null
		bivy run --rm --network net busybox nslookup web >/dev/null 2>&1 && echo found
		bivy rm -f web >/dev/null'
	assert_ok
	assert_has "bivy: nothing outside is reached: "
	assert_equal found "${lines[-1]}"
}
