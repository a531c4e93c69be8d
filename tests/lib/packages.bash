# Installs what is missing of tests/lib/packages; sourced by quickstart and check, which run in the root of the project.

# packages_missing STAGE…: the packages of these stages that are not installed.
packages_missing() {
	local stages=" $* " stage package
	while read -r stage package; do
		case $stage in '' | '#'*) continue ;; esac
		case $stages in *" $stage "*) ;; *) continue ;; esac
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
	done <tests/lib/packages
}

# packages_install STAGE…: installs what is missing, quietly, without questions; does nothing when nothing is.
packages_install() {
	local missing
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "missing packages, run as root to install them: $(echo $missing)" >&2
		return 1
	fi
	echo "installing: $(echo $missing)"
	export DEBIAN_FRONTEND=noninteractive
	# Words of a list, on purpose.
	# shellcheck disable=SC2086
	apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 update </dev/null >/dev/null &&
		apt-get -qq -y -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 --no-install-recommends install $missing </dev/null >/dev/null
}
