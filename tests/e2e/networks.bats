#!/usr/bin/env bats
# Containers in networks: what they have there, what they keep, and that nothing of it is left. The host is a network namespace of
# the test file's own.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

setup() {
	require_program ip iproute2
	engine_setup
}

teardown() {
	engine_teardown
	bivy network prune -f >/dev/null
}

ip() { among_networks ip "$@"; }
nft() { among_networks nft "$@"; }
tc() { among_networks tc "$@"; }
nc() { among_networks busybox nc "$@"; }

# Names of the host's links, without what the end of a link is in parentheses.
links() { ip -o link show type "${1:-veth}" | sed -E 's/^[0-9]+: ([^:@]+).*/\1/'; }

# Links of a container that has ended are gone from use at once, from sight shortly after.
no_link_is_there() { [ -z "$(links)$(links ifb)" ]; }
no_links() {
	wait_for no_link_is_there || fail "links are left:" "$(links) $(links ifb)"
}

@test "a container of the default network has an address of each family, a route, and answers its host" {
	bivy run -d --name web --network bridge busybox sleep 1000
	four=$(bivy exec web ip -o -4 addr show eth0 | awk '{print $4}')
	six=$(bivy exec web ip -o -6 addr show eth0 scope global | awk '{print $4}')
	[[ $four == 10.*.2/* && $six == fd*::2/64 ]]
	[[ $(bivy exec web ip route) == *"default via 10."*".1 dev eth0"* ]]
	[ "$(links | wc -l)" -eq 1 ]
	bivy exec web sh -c 'echo yes | nc -l -p 7000' >/dev/null &
	own_pid $!
	answer() { [ "$(nc -w 2 "${four%/*}" 7000 </dev/null)" = yes ]; }
	wait_for answer
	bivy rm -f web
	no_links
}

@test "without --network it is in the default network, of which nothing is left a moment after the last container" {
	# A home's forwarder has a table of its own, as long as there is that home.
	bare() { ip -o link show type bridge; nft list tables | sed '/^table inet bivy-forwarder$/d'; }
	went() { [ -z "$(bare)" ]; }
	require_program nft nftables
	wait_for went
	bivy run -d --name web -p 18080:80 busybox sleep 1000
	bivy run --rm busybox ip route | grep -q '^default via 10\..* dev eth0'
	[[ $(bare) == *": bivy0: "*"table inet bivy" ]]
	for i in 1 2 3 4 5 6 7 8; do bivy run --rm busybox ip -o -6 addr show eth0 scope global >"$i" & done
	wait
	[ "$(cat [1-8] | grep -c 'inet6 fd')" -eq 8 ]
	bivy stop -t 0 web
	wait_for went
	# again, after a kill
	bivy start web
	kill -9 "$(bivy inspect -f '{{.State.SupervisorPid}}' web)"
	bivy rm -f web
	went
}

@test "a restart keeps address and MAC, whoever asked for it" {
	bivy network create net1
	bivy run -d --name web --network net1 busybox sleep 1000
	before=$(bivy exec web ip -o addr show eth0 | grep -v fe80; bivy exec web cat /sys/class/net/eth0/address)
	bivy restart -t 0 web
	[ "$(bivy exec web ip -o addr show eth0 | grep -v fe80; bivy exec web cat /sys/class/net/eth0/address)" = "$before" ]
	[ "$(links | wc -l)" -eq 1 ]
	bivy rm -f web
}

@test "networks come to a running container and go, and are there after a restart" {
	bivy network create net1
	bivy network create net2
	bivy run -d --name web --network net1 busybox sleep 1000
	bivy network connect net2 web
	[ "$(links | wc -l)" -eq 2 ]
	bivy exec web ip link show eth1
	bivy restart -t 0 web
	bivy exec web ip link show eth1
	bivy network disconnect net1 web
	[ "$(links | wc -l)" -eq 1 ]
	run bivy exec web ip link show eth0
	[ "$status" -ne 0 ]
	run bivy network rm net2
	[ "$status" -ne 0 ]
	bivy rm -f web
	no_links
}

@test "limits are kept, and what they need goes with the container" {
	run bivy run -d --name web --network bridge --net-limit 20mbit busybox sleep 1000
	[[ $output != *"cannot limit"* ]] || skip "missing: traffic control in this kernel"
	assert_ok
	[ "$(links ifb | wc -l)" -eq 1 ]
	address=$(bivy exec web ip -o -4 addr show eth0 | sed -E 's|.* inet ([0-9.]+)/.*|\1|')
	bivy exec -d web sh -c 'nc -l -p 7000 </dev/zero'
	listens() { bivy exec web grep -q ':1B58 0.* 0A ' /proc/net/tcp /proc/net/tcp6; }
	wait_for listens
	# 2 MB of 2.5 MB/s: 0.8 s without the burst
	start=$(date +%s%N)
	[ "$(among_networks bash -c 'head -c 2000000 <"/dev/tcp/$0/7000"' "$address" | wc -c)" -eq 2000000 ]
	[ $(($(date +%s%N) - start)) -gt 700000000 ]
	# while it runs, and for its next start
	bivy update --net-limit down=1mbit,priority=7 web
	[[ $(tc qdisc show dev "$(links)") == *"tbf "*"rate 1Mbit"* && -z $(links ifb) ]]
	mac=$(bivy exec web cat /sys/class/net/eth0/address)
	priorities() { nft list map inet bivy priorities; }
	[[ $(priorities) == *"$mac : 0x00000007"* ]]
	# somebody flushes the rules
	nft flush ruleset
	bivy update --net-limit down=1mbit,priority=6 web
	bivy restart -t 0 web
	[[ $(tc qdisc show dev "$(links)") == *"rate 1Mbit"* && $(priorities) == *"$mac : 0x00000006"* ]]
	run bivy update --net-limit 1 web
	assert_has "invalid value '1' for --net-limit: the rate '1' is less than 8000 bits per second"
	bivy update --net-limit none web
	[[ $(tc qdisc show dev "$(links)") != *tbf* && $(priorities) != *"$mac"* ]]
	bivy rm -f web
	no_links
	run bivy run -d --name none --network none busybox sleep 1000
	run bivy update --net-limit 1mbit none
	assert_has "cannot limit the network of the container 'none': it has no network of its own that could be limited"
}

@test "macvlan: a container on the host's own link" {
	user_lacks "links of the host"
	ip link add p0 type veth peer name p1
	ip link set p0 up
	ip link set p1 up
	ip link add link p0 name probe0 type macvlan && ip link del probe0 || { ip link del p0; skip "missing: macvlan in this kernel"; }
	bivy network create -d macvlan -o parent=p0 --subnet 10.99.1.0/24 lan
	run bivy run --rm --network lan --ip 10.99.1.7 busybox ip -o -4 addr show eth0
	assert_ok
	[[ $output == *" 10.99.1.7/24 "* ]]
	run bivy run --rm --network lan --net-limit 1mbit busybox true
	[ "$status" -ne 0 ]
	[[ $output == *"network 'lan': traffic cannot be limited"* ]]
	bivy network rm lan
	ip link del p0
}

@test "a container shares another's network" {
	bivy run -d --name web --network bridge busybox sleep 1000
	[ "$(bivy run --rm --network container:web busybox cat /sys/class/net/eth0/address)" = "$(bivy exec web cat /sys/class/net/eth0/address)" ]
	[ "$(links | wc -l)" -eq 1 ]
	bivy rm -f web
}

@test "whatever is killed, nothing is left that the next command does not take away" {
	bivy run -d --name web --network bridge -p 7080:80 busybox sleep 1000
	kill -9 "$(bivy inspect -f '{{.State.SupervisorPid}}' web)"
	# Until it is seen to be gone it runs, and a start is nothing to do.
	ended() { [ "$(state_of web)" = exited ]; }
	wait_for ended
	bivy start web
	one_link() { [ "$(links | wc -l)" -eq 1 ]; }
	wait_for one_link
	kill -9 "$(bivy inspect -f '{{.State.SupervisorPid}}' web)"
	bivy rm -f web
	no_links
	# the port is free again
	bivy run --rm --network bridge -p 7080:80 busybox true
	[ -z "$(ls "$SCRATCH"/run/networks/*/leases)" ]
}

@test "ports and names follow a running container from network to network" {
	require_program dnsmasq dnsmasq-base
	bivy network create net1
	bivy network create net2
	bivy run -d --name web --network net1 -p 18079:79 -p 18080:80 -p 18082:82 busybox sh -c 'mkdir /w; echo yes >/w/index.html; exec httpd -f -p 80 -h /w'
	bivy run -d --name peer --network net2 busybox sleep 1000
	bivy update --publish-add 127.0.0.1:18081:80 --network-add net2:alias=www web
	answers() { [[ $(printf 'GET / HTTP/1.0\r\n\r\n' | busybox nc -w 2 127.0.0.1 "$1") == *yes ]]; }
	wait_for answers 18080
	answers 18081
	bivy exec peer nslookup www | grep -q "Name:.*www"
	bivy exec web nslookup peer | grep -q "Name:.*peer"
	# A name server for one container's own servers ends with it, though the network goes on.
	bivy run --rm --network net2 --dns 192.0.2.53 busybox nslookup -type=a peer | grep -q "Name:.*peer"
	run find "$SCRATCH/run/resolvers" -path '*/users/*'
	[ "$(wc -l <<<"$output")" -eq 1 ] # web's, which is in both
	bivy rename web shop
	knows() { bivy exec peer nslookup "$1" >/dev/null; }
	wait_for knows shop
	bivy network disconnect net1 shop
	answers 18080
	[ "$(bivy ps --filter network=net2 --filter name=shop --format '{{.Networks}} {{.Ports}}' | grep -c 'net2 .*:18079-18080->79-80/tcp')" -eq 1 ]
	# Of neighbours, which are one entry, either goes.
	bivy update --publish-rm 18079:79 shop
	answers 18080
	bivy update --publish-rm 18080:80 shop
	run answers 18080
	[ "$status" -ne 0 ]
	answers 18081
	run bivy update --publish-rm 9 shop
	assert_has "the container 'shop' publishes no port 9/tcp"
	run bivy network connect net2 shop
	assert_has "the container 'shop' is in the network 'net2' already"
	bivy rm -f shop peer
	bivy network rm net1 net2
}

@test "members of a network without communication among them reach the host, which reaches their ports, and each other by no way" {
	bivy network create -o com.docker.network.bridge.enable_icc=false apart
	bivy network create plain
	for network in apart plain; do
		bivy run -d --name "$network-server" --network "$network" busybox sh -c 'while :; do echo yes | nc -l -p 7000; done'
		bivy run -d --name "$network-other" --network "$network" --cap-add NET_ADMIN --cap-add NET_RAW busybox sleep 1000
	done
	bivy update --publish-add 7001:7000 apart-server
	address() { bivy exec "$1-server" ip -o "$2" addr show eth0 scope global | awk '{ sub("/.*", "", $4); print $4 }'; }
	reaches() { bivy exec "$1-other" ping -c 1 -W 1 "$(address "$1" -4)" && [ "$(bivy exec "$1-other" nc -w 2 "$(address "$1" -4)" 7000 </dev/null)" = yes ]; }
	wait_for reaches plain
	published() { [ "$(busybox nc -w 2 127.0.0.1 7001 </dev/null)" = yes ]; }
	wait_for published
	gateway=$(bivy exec apart-other ip route | awk '/^default/ { print $3 }')
	bivy exec apart-other ping -c 1 -W 2 "$gateway"
	run ! reaches apart
	run -1 bivy exec apart-other ping -6 -c 1 -W 1 "$(address apart -6)"
	# It asks the host to pass it on.
	bivy exec apart-other ip route replace "$(address apart -4)" via "$gateway"
	run ! reaches apart
	bivy exec plain-other ping -6 -c 1 -W 2 "$(address plain -6)"
	bivy rm -f apart-server apart-other plain-server plain-other
	bivy network rm apart plain
}

@test "a network without masquerading sends what leaves with the container's own address" {
	bivy network create -o com.docker.network.bridge.enable_ip_masquerade=false bare
	bivy run -d --name one --network bare busybox sleep 1000
	nft list set inet bivy networks | grep -q "$(bivy network inspect -f '{{.Interface}}' bare)"
	run -1 grep -q "$(bivy network inspect -f '{{.Interface}}' bare)" <(nft list set inet bivy masqueraded)
	bivy rm -f one
	bivy network rm bare
}

@test "--link: names for one container alone, of others that run" {
	bivy run -d --name db --network bridge busybox sleep 1000
	bivy run -d --name web --network bridge --link db:database --link db busybox sleep 1000
	address=$(bivy exec db ip -o -4 addr show eth0 | awk '{ sub("/.*", "", $4); print $4 }')
	[ "$(bivy exec web grep -c "^$address" /etc/hosts)" -eq 2 ]
	bivy exec web grep -qx "$address"$'\t'"database db $(bivy inspect -f '{{.Id}}' db | cut -c 1-12)" /etc/hosts
	bivy exec web grep -q "^fd.*database db" /etc/hosts
	[ "$(bivy exec db grep -c web /etc/hosts)" -eq 0 ]
	bivy stop -t 0 web db
	run -0 --separate-stderr bivy start web
	[[ $stderr == *"--link: what is called 'database' does not run in that network, ignoring"* ]]
	run ! bivy exec web grep -q database /etc/hosts
	bivy stop -t 0 web
	bivy start db
	bivy start web
	# In others, too, and when it joins one.
	bivy network create lan
	bivy network connect lan db
	bivy network connect --link db:store lan web
	lan=$(bivy exec db ip -o -4 addr show eth1 | awk '{ sub("/.*", "", $4); print $4 }')
	bivy exec web grep -q "^$lan"$'\t'"store db " /etc/hosts
	bivy exec web grep -q "database db" /etc/hosts
	bivy rm -f web db
	bivy network rm lan
}

@test "neighbours hear at once who has an address that was another's" {
	local address option
	bivy network create --subnet 10.66.77.0/24 --subnet fd66:77::/64 two >/dev/null
	bivy run -d --name asks --network two --cap-add NET_RAW busybox sleep 1000 >/dev/null
	for address in 10.66.77.9 fd66:77::9; do
		option=--ip
		[[ $address != *:* ]] || option=--ip6
		bivy run -d --name first --network two $option $address busybox sleep 1000 >/dev/null
		wait_for bivy exec asks ping -c 1 -W 1 $address
		bivy rm -f first >/dev/null
		bivy run -d --name second --network two $option $address busybox sleep 1000 >/dev/null
		run -0 bivy exec asks ping -c 1 -W 2 $address
		bivy rm -f second >/dev/null
	done
}
