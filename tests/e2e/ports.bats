# bivy: published ports, who reaches them, what the firewall says, and `port`.
#
# The network namespace is the file's own: what is made in it is nobody else's.

bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

# serve NAME OPTION…: a container whose port 80 says its name.
serve() {
	local name=$1
	shift
	bivy run -d --name "$name" --network bridge "$@" busybox sh -c "mkdir -p /w && echo $name >/w/index.html && exec busybox httpd -f -h /w" >/dev/null
}

# fetch URL: once the server listens.
fetch() {
	local try
	for try in $(seq 40); do timeout 2 busybox wget -qO- "$1" 2>/dev/null && return; sleep 0.05; done
	return 1
}

nft() { among_networks nft "$@"; }
need_nft() { command -v nft >/dev/null || skip "missing: nft"; }

@test "a published port is reached by IPv4, IPv6 and loopback, and port tells where it is" {
	for address in 192.0.2.1/32 2001:db8::1/128; do
		[[ $(ip -o addr show to "$address") == *lo* ]] || ip addr add "$address" dev lo nodad
	done
	serve web -p 8080:80
	[ "$(fetch http://192.0.2.1:8080/)" = web ]
	[ "$(fetch 'http://[2001:db8::1]:8080/')" = web ]
	[ "$(fetch http://127.0.0.1:8080/)" = web ]
	if is_user; then
		[ "$(fetch 'http://[::1]:8080/')" = web ]
	else
		# ::1 is nobody's: refused at once, so that localhost is found at 127.0.0.1
		"$PYTHON" -c 'import socket; print(socket.create_connection(("localhost", 8080), 1).getpeername()[0])' | grep -qx 127.0.0.1
		run ! timeout 1 busybox nc ::1 8080 </dev/null
		[ "$status" -ne 124 ]
	fi
	[ "$(bivy port web)" = "$(printf '80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080')" ]
	[ "$(bivy port web 80/tcp | head -n 1)" = 0.0.0.0:8080 ]
	run -1 bivy port web 81
	[ "$output" = "bivy: no public port '81' of container 'web'" ]
	run -1 bivy port web http
	[ "$output" = "bivy: invalid port 'http': expected PORT or PORT/PROTOCOL" ]
	bivy rm -f web >/dev/null
	run ! timeout 2 busybox wget -qO- http://127.0.0.1:8080/
}

@test "60,000 ports are one element, and go with the container" {
	need_nft
	# For a user each is a socket.
	has_power || [ "$(ulimit -Hn)" -gt 61000 ] || skip "missing: 61000 descriptors (ulimit -n)"
	serve web -p 127.0.0.1:1024-61023:1024-61023
	[ "$(nft -j list map inet bivy ranges4 | jq '[.nftables[].map.elem? | arrays | length] | add')" = 1 ]
	nft list map inet bivy ranges4 | grep -q '127.0.0.1 . tcp . 1024-61023 : 10\.'
	[ "$(bivy port web | wc -l)" = 60000 ]
	bivy rm -f web >/dev/null
	run nft list map inet bivy ranges4
	[[ $output != *elements* ]]
}

@test "a port that somebody has is refused with his name" {
	serve web -p 8080:80
	run -125 bivy run -d --name other --network bridge -p 127.0.0.1:8080:80 busybox sleep 100
	[[ $output == *"8080/tcp"*web* ]]
	bivy rm -f other >/dev/null 2>&1 || true
	"$PYTHON" -c 'import socket, time; s = socket.create_server(("127.0.0.1", 8081)); time.sleep(100)' >/dev/null 3>&- &
	own_pid $!
	wait_for grep -q ":1F91 " /proc/net/tcp
	run -125 bivy run -d --name other --network bridge -p 8081:80 busybox sleep 100
	if is_user; then # who is in a home sees into none of the processes outside
		[[ $output == *"127.0.0.1:8081 is in use"*"hint: \`ss -ltnp 'sport = :8081'\` tells who has it"* ]]
	else
		[[ $output == *"127.0.0.1:8081 is in use by python3 (process $!)"* ]]
	fi
	[ "$(fetch http://127.0.0.1:8080/)" = web ]
}

@test "rules that somebody flushed are there again after the next command" {
	need_nft
	serve web -p 8080:80
	nft flush ruleset
	[ "$(bivy port web | wc -l)" = 2 ]
	[ "$(fetch http://127.0.0.1:8080/)" = web ]
	nft flush map inet bivy ports4
	bivy ps >/dev/null
	[ "$(fetch http://127.0.0.1:8080/)" = web ]
}

@test "port --explain tells who reaches a port, and which chains of others stop or miss it" {
	need_nft
	serve web -p 8080:80 -p 127.0.0.1:8081:81
	run -0 bivy port --explain web 81
	[ "${lines[0]}" = "127.0.0.1:8081 -> 81/tcp" ]
	[ "${lines[2]}" = "  reached by: this host alone, by that address" ]
	run -0 bivy port --explain web 80
	[ "${lines[0]}" = "0.0.0.0:8080, [::]:8080 -> 80/tcp" ]
	[[ $output != *stopped* ]]
	nft add table ip filter
	nft 'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
	nft add chain ip filter DOCKER-USER
	nft add rule ip filter FORWARD jump DOCKER-USER
	nft 'add chain ip filter INPUT { type filter hook input priority 0; policy accept; }'
	nft add rule ip filter INPUT iifname lo accept
	nft add rule ip filter INPUT drop
	run -0 bivy port --explain web 80
	if is_user; then
		# What comes to an ordinary user's ports is not forwarded: his rules have nothing to say.
		[[ $output != *stopped* && $output != *"not asked"* && $output == *"asked: the host's own rules"* ]]
		nft delete table ip filter
		return
	fi
	[[ $output == *"stopped by: table ip filter, chain FORWARD (docker): policy drop, for what goes to and from bivy0; to allow it: iptables -I DOCKER-USER"* ]]
	[[ $output == *"not asked: table ip filter, chain INPUT: dropped by a rule"* ]]
	nft add rule ip filter DOCKER-USER iifname bivy0 accept
	run -0 bivy port --explain web 80
	[[ $output == *"policy drop, for what goes to bivy0; to allow"* ]]
	nft add rule ip filter DOCKER-USER oifname '"bivy*"' accept
	run -0 bivy port --explain web 80
	[[ $output != *stopped* ]]
	nft delete table ip filter
}

@test "a firewall that keeps containers from their name server is named once" {
	need_nft
	require_program dnsmasq dnsmasq-base
	bivy network create --subnet 10.77.1.0/24 -o com.docker.network.bridge.name=br-names names >/dev/null
	nft add table inet firewalld
	nft 'add chain inet firewalld filter_INPUT { type filter hook input priority 10; policy accept; }'
	nft add rule inet firewalld filter_INPUT ct state established,related accept
	nft add rule inet firewalld filter_INPUT reject with icmpx admin-prohibited
	run -0 --separate-stderr bivy run -d --name one --network names busybox sleep 100
	[ "$stderr" = "bivy: the network 'names': a firewall stops what containers ask their name server: table inet firewalld, chain filter_INPUT (firewalld): dropped by a rule; to allow it: firewall-cmd --zone=trusted --add-interface=br-names" ]
	run -0 --separate-stderr bivy run --rm --network names busybox true
	[ -z "$stderr" ]
	bivy rm -f one >/dev/null
	nft insert rule inet firewalld filter_INPUT iifname br-names accept
	run -0 --separate-stderr bivy run -d --name two --network names busybox sleep 100
	[ -z "$stderr" ]
	wait_for bivy exec two nslookup -type=a two
	bivy rm -f two >/dev/null
	nft delete table inet firewalld
	bivy network rm names >/dev/null
}
