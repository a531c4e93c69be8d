#!/usr/bin/env bats
# Networks as records: made, listed, told of and removed; what nobody can have, and why.
load ../lib/common
load ../lib/engine

lines() {
	local expected
	expected=$(printf '%s\n' "$@")
	[ "$output" = "$expected" ] || { diff <(echo "$expected") <(echo "$output"); return 1; }
}

refused() {
	local message=$1
	shift
	run bivy "$@"
	[ "$status" -ne 0 ]
	[ "${lines[0]}" = "bivy: $message" ] || { echo "$output"; return 1; }
}

@test "network ls shows docker's three, and those that were made" {
	[ "$(bivy network ls --format '{{.Name}} {{.Driver}} {{.Scope}}')" = "bridge bridge local
host host local
none null local" ]
	id=$(bivy network create --label tier=front web)
	[ ${#id} -eq 64 ]
	[ "$(bivy network ls -q -f name=web)" = "${id:0:12}" ]
	[ "$(bivy network ls -q --no-trunc -f type=custom)" = "$id" ]
	[ "$(bivy network ls -f label=tier=front --format '{{.Name}} {{.Labels}}')" = "web tier=front" ]
	[ "$(bivy network ls -f dangling=true --format '{{.Name}}')" = web ]
	[[ $(bivy network ls | head -1) == "NETWORK ID "*"NAME "*"DRIVER "*"SCOPE" ]]
	[ "$(bivy network rm "${id:0:6}")" = "${id:0:6}" ]
	[ "$(bivy network ls -q -f type=custom)" = "" ]
}

@test "a network gets subnets that nobody has, and its first address" {
	bivy network create a >/dev/null
	bivy network create b >/dev/null
	mapfile -t subnets < <(bivy network ls --format '{{.Subnets}}' | tr , '\n' | grep . | sort -u)
	[ "${#subnets[@]}" -eq 6 ]
	[[ $(bivy network inspect a --format '{{(index .IPAM.Config 0).Gateway}}') == 10.*.1 ]]
	[[ $(bivy network inspect a --format '{{(index .IPAM.Config 1).Subnet}}') == fd*::/64 ]]
	[ "$(bivy network create --ipv6=false c >/dev/null && bivy network inspect c --format '{{len .IPAM.Config}}')" = 1 ]
	bivy network rm a b c
}

@test "what is asked for is kept, in docker's words" {
	bivy network create --subnet 10.77.1.0/24 --gateway 10.77.1.254 --ip-range 10.77.1.128/25 --aux-address printer=10.77.1.7 \
		--subnet fd77::/64 -o com.docker.network.bridge.name=br77 --opt mtu=1400 --internal --label x web
	bivy network inspect web | jq -e '.[0] | .Name == "web" and .Driver == "bridge" and .Scope == "local" and .Internal and .EnableIPv6
		and .IPAM.Config == [{"Subnet":"10.77.1.0/24","IPRange":"10.77.1.128/25","Gateway":"10.77.1.254","AuxiliaryAddresses":{"printer":"10.77.1.7"}},
			{"Subnet":"fd77::/64","Gateway":"fd77::1"}]
		and .Options == {"com.docker.network.bridge.name":"br77","mtu":"1400"} and .Labels == {"x":""} and .Containers == {}
		and .Interface == "br77" and .MTU == 1400'
	[ "$(bivy inspect --type network web --format '{{.Name}}')" = web ]
	[ "$(bivy inspect web host --format '{{.Driver}}')" = "bridge
host" ]
	[ "$(bivy network create --ignore web)" = "$(bivy inspect web --format '{{.Id}}')" ]
	bivy network rm web
}

@test "what nobody can have" {
	bivy network create --subnet 10.77.1.0/24 web >/dev/null
	refused "a network named 'web' exists already" network create web
	refused "the subnet 10.77.0.0/16 overlaps the network 'web' (10.77.1.0/24)" network create --subnet 10.77.0.0/16 x
	refused "the subnet: '10.78.0.1/16' is an address in the network 10.78.0.0/16, not a network" network create --subnet 10.78.0.1/16 x
	refused "the subnet 127.0.0.0/24 contains loopback addresses (127.0.0.0/8)" network create --subnet 127.0.0.0/24 x
	refused "the gateway 10.9.9.9 is in no subnet of the network" network create --subnet 10.78.0.0/16 --gateway 10.9.9.9 x
	refused "there is no network driver 'overlay'" network create -d overlay x
	refused "the driver bridge has no option 'mut'" network create -o mut=1 x
	[ "${lines[1]}" = "hint: did you mean 'mtu'?" ]
	refused "the option mtu: expected a number of bytes from 68 to 65535, not '1'" network create -o mtu=1 x
	refused "a network cannot be called 'host': the word means something else" network create host
	refused "invalid network name '../x'" network create ../x
	if is_user; then
		refused "cannot make a network of macvlan: the host's links are root's" network create -d macvlan -o parent=eth99 x
	else
		refused "the host has no interface 'eth99'" network create -d macvlan -o parent=eth99 x
	fi
	refused "the name server 'nobody' is not an address" network create --dns nobody x
	run bivy network inspect wab
	[ "$status" -eq 1 ]
	lines "[]" "bivy: no such network 'wab'" "hint: did you mean 'web'?"
	refused "the network 'bridge' is predefined and cannot be removed" network rm bridge
	refused "no such network 'x'" network rm x
	bivy network rm -f x
	bivy network rm web
}

@test "a route of the host is in the way, and named" {
	user_lacks "links of the host"
	ip link add r0 type veth peer name r1 2>/dev/null || skip "missing: links"
	ip addr add 10.99.0.1/16 dev r0
	ip link set r0 up
	refused "the subnet 10.99.5.0/24 overlaps the route through r0 (10.99.0.0/16)" network create --subnet 10.99.5.0/24 x ||
		refused "the subnet 10.99.5.0/24 overlaps the address through r0 (10.99.0.0/16)" network create --subnet 10.99.5.0/24 x
	ip link del r0
	bivy network create --subnet 10.99.5.0/24 x
	bivy network rm x
}

@test "prune removes what nobody uses; events tell of it" {
	bivy network prune -f >/dev/null
	bivy network create a >/dev/null
	bivy network create --label keep b >/dev/null
	[ "$(bivy network prune -f --filter label!=keep)" = "Deleted Networks:
a" ]
	[ "$(bivy network prune -f)" = "Deleted Networks:
b" ]
	[ "$(bivy network prune -f)" = "" ]
	[ "$(bivy events --since 1h --until 0s -f type=network --format '{{.Action}} {{index .Actor.Attributes "name"}}' | tail -7)" = "create a
create b
destroy a
prune 
destroy b
prune 
prune " ]
}

@test "who connects is killed: the container is in none of it after the next look, or connect" {
	bivy network create two >/dev/null
	bivy run -d --name web busybox sleep 100 >/dev/null
	plan=$SCRATCH/run/containers/$(bivy inspect -f '{{.Id}}' web)/network.json
	# As it is while its link is being made.
	half() { jq '(.links[] | select(.network == "two")).pending = true' "$plan" >"$WORK/plan" && cat "$WORK/plan" >"$plan"; }
	bivy network connect two web
	bivy exec web ip link show eth1
	half
	run bivy system check
	[[ $output == *"half in the network 'two': the container '"* ]]
	bivy system check --repair
	[ "$(bivy system check)" = "nothing is damaged, nothing is left over" ]
	[ "$(bivy inspect -f '{{len .NetworkSettings.Networks}}' web)" = 1 ]
	! bivy exec web ip link show eth1
	bivy network connect two web
	half
	bivy network connect two web
	[ "$(bivy inspect -f '{{len .NetworkSettings.Networks}}' web)" = 2 ]
	bivy exec web ip link show eth1
	[ "$(bivy system check)" = "nothing is damaged, nothing is left over" ]
	bivy rm -f web >/dev/null
	bivy network rm two >/dev/null
}
