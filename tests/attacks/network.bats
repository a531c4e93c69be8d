# Hostile containers: the host's network, other networks, and the other members of their own. The test's network namespace
# (tests/lib/in-network) is the host's here.

bats_require_minimum_version 1.5.0
load lib/rows

setup_file() {
	[ "$(readlink /proc/self/ns/net)" != "$(readlink /proc/1/ns/net)" ] || skip "missing: a network namespace of the test's own"
	engine_setup_file
	: >"$SCRATCH/rows"
}

# The networks of a test go with it.
teardown() {
	local ids name
	ids=$(bivy ps -aq 2>/dev/null) && [ -z "$ids" ] || bivy rm -f $ids >/dev/null
	for name in one two inner; do bivy network rm $name >/dev/null 2>&1 || true; done
	[ "${BATS_TEST_COMPLETED:-}" != 1 ] || [ -z "${ROW:-}" ] || printf '%s\n' "$ROW" >>"$SCRATCH/rows"
	engine_teardown
}

# listen ADDRESS PORT: a server of the host's.
listen() {
	require_python
	"$PYTHON" -c 'import socket, sys
listening = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=64)
while True: listening.accept()[0].close()' "$1" "$2" 3>&- 4>&- &
	own_pid $!
	wait_for "$HOSTILE" connect "$1" "$2"
}

# bridge_of ADDRESS: the bridge that has it.
bridge_of() { ip -o -4 addr show to "$1" | awk '{ sub(/@.*/, "", $2); print $2 }'; }

# a_pair: networks one and two with a member each, `inside` and `other`; sets their addresses and gateways.
a_pair() {
	bivy network create --subnet 10.231.1.0/24 one >/dev/null
	bivy network create --subnet 10.231.2.0/24 two >/dev/null
	bivy run -d --name inside --network one:ip=10.231.1.5 "$@" busybox sleep 100 >/dev/null
	bivy run -d --name other --network two:ip=10.231.2.5 busybox nc -ll -p 8000 -e true >/dev/null
	wait_for "$HOSTILE" connect 10.231.2.5 8000
}

# in_inside COMMAND…
in_inside() { run timeout -k 5 "$(slow 20)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" exec inside "$@" </dev/null; }

# no_firewall: takes our table away, as nothing of bivy does.
no_firewall() {
	require_program nft nftables
	nft delete table inet bivy
}

# mac_of CONTAINER.
mac_of() { bivy exec "$1" cat /sys/class/net/eth0/address; }

@test "a server on the loopback interface of the host" {
	listen 127.0.0.1 8100
	NETWORK=bridge
	attack "connecting to 127.0.0.1 of the host" netns -- hostile connect 127.0.0.1 8100
}

@test "a datagram to 127.0.0.1 of the host, through the bridge" {
	# bridges take packets for 127.0.0.0/8, as published ports are there (CVE-2020-8558)
	a_pair --cap-add NET_RAW
	local mac
	require_python
	mac=$(ip -o link show "$(bridge_of 10.231.1.1)" | sed 's/.*link.ether \([^ ]*\).*/\1/')
	"$PYTHON" -c 'import socket
bound = socket.socket(type=socket.SOCK_DGRAM)
bound.bind(("127.0.0.1", 8101))
open("received", "wb").write(bound.recv(100))' 3>&- 4>&- &
	own_pid $!
	wait_for grep -q ":1FA5 " /proc/net/udp
	run bivy run --rm --network one busybox hostile datagram eth0 "$mac" 10.231.1.9 127.0.0.1 8101 evil
	assert_has "stopped: packet socket: EPERM"
	in_inside hostile datagram eth0 "$mac" 10.231.1.5 127.0.0.1 8101 evil
	assert_has sent
	sleep 0.2
	[ ! -s received ] || fail "HIT: it arrived: $(cat received)"
	no_firewall
	in_inside hostile datagram eth0 "$mac" 10.231.1.5 127.0.0.1 8101 evil
	wait_for test -s received
	row "a datagram to 127.0.0.1 of the host, through the bridge (CVE-2020-8558)" "no CAP_NET_RAW; firewall" "each of them alone stops it; without both of them it succeeds"
}

@test "raw packets" {
	NETWORK=bridge
	SUCCEEDED=was_sent
	was_sent() { [[ $output == *sent* ]]; }
	attack "forged frames" cap:NET_RAW -- hostile claim eth0 10.231.1.1
}

@test "the address of another member is claimed" {
	bivy network create --subnet 10.231.1.0/24 one >/dev/null
	bivy run -d --name inside --network one:ip=10.231.1.5 busybox sleep 100 >/dev/null
	bivy run -d --name victim --network one:ip=10.231.1.6 busybox sleep 100 >/dev/null
	# whoever the gateway speaks to at that address
	gateway_knows() { ip neigh show to 10.231.1.6 | awk '{ print $5 }'; }
	busybox ping -c 1 -W 2 10.231.1.6 >/dev/null
	local mac
	mac=$(mac_of inside)
	in_inside hostile claim eth0 10.231.1.6
	assert_has "stopped: packet socket: EPERM"
	in_inside ip addr add 10.231.1.6/24 dev eth0
	assert_fails
	[ "$(gateway_knows)" = "$(mac_of victim)" ]
	bivy rm -f inside >/dev/null
	bivy run -d --name inside --network one:ip=10.231.1.5 --cap-add NET_RAW busybox sleep 100 >/dev/null
	mac=$(mac_of inside)
	claimed() { bivy exec inside hostile claim eth0 10.231.1.6 && [ "$(gateway_knows)" = "$mac" ]; }
	wait_for claimed
	row "the address of another member of its network is claimed" "no CAP_NET_RAW, no CAP_NET_ADMIN" "succeeds"
}

@test "a router for the host" {
	bivy network create --subnet 10.231.1.0/24 --ipv6 --subnet fd00:231::/64 one >/dev/null
	bivy run -d --name inside --network one busybox sleep 100 >/dev/null
	local bridge
	bridge=$(bridge_of 10.231.1.1)
	believed() { ip -6 route | grep -q "fd00:666::/64\|default via fe80::66"; }
	in_inside hostile advertise eth0 fd00:666::
	assert_has "stopped: packet socket: EPERM"
	bivy rm -f inside >/dev/null
	bivy run -d --name inside --network one --cap-add NET_RAW busybox sleep 100 >/dev/null
	in_inside hostile advertise eth0 fd00:666::
	assert_has sent
	sleep 0.2
	! believed || fail "HIT: the host has a router: $(ip -6 route)"
	echo 2 >/proc/sys/net/ipv6/conf/"$bridge"/accept_ra
	tell() { bivy exec inside hostile advertise eth0 fd00:666:: && believed; }
	wait_for tell
	row "a router of IP version 6 for the host (CVE-2020-13401)" "no CAP_NET_RAW; the bridge takes no advertisements" "each of them alone stops it; without both of them it succeeds"
}

@test "a member of another network" {
	a_pair
	in_inside hostile connect 10.231.2.5 8000
	assert_stopped
	no_firewall
	in_inside hostile connect 10.231.2.5 8000
	assert_hit
	row "connecting to a container of another network" "firewall" "succeeds"
}

@test "names in another network" {
	require_program dnsmasq dnsmasq
	a_pair
	SUCCEEDED=is_told
	is_told() { [[ $output == *10.231.2.5* ]]; }
	in_inside timeout 1 nslookup other 10.231.1.1
	assert_stopped "of its own server"
	in_inside timeout 1 nslookup other 10.231.2.1
	assert_stopped
	no_firewall
	in_inside timeout 2 nslookup other 10.231.2.1
	assert_hit
	row "names of containers in another network, asked of its name server" "firewall" "succeeds"
}

@test "a server on a link-local address of the host, as clouds have for their metadata" {
	ip addr add 169.254.169.254/32 dev lo
	listen 169.254.169.254 8102
	bivy network create --internal inner >/dev/null
	NETWORK=inner
	attack "connecting to 169.254.169.254 (metadata of clouds)" "an internal network, where it is asked for=--network bridge" -- hostile connect 169.254.169.254 8102
	ip addr del 169.254.169.254/32 dev lo
}
