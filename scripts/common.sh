# Shared by the scripts here; sourced, not run. Bash.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)

build_packages="build-essential autoconf automake pkg-config ca-certificates
	libcurl4-openssl-dev libevent-dev libsqlite3-dev libssl-dev libsystemd-dev libcmocka-dev
	libconfuse-dev libjson-c-dev libidn2-dev libmimalloc-dev gettext"
demo_packages="openssl"
test_packages="nghttp2-client curl openssl sqlite3 clang clang-format clang-tidy cppcheck bear libclang-rt-14-dev
	strace faketime procps git nghttp2-server prometheus jq systemd mandoc bsdextrautils"
bench_packages="nghttp2-client curl openssl sqlite3 util-linux procps"
container_packages="systemd mmdebstrap systemd-container debhelper dpkg-dev lintian git util-linux"

say() {
	printf '\n== %s\n' "$*"
}

# install_missing PACKAGE…: by apt, as root or with sudo, only what is not there yet.
install_missing() {
	local missing=() package sudo=

	for package; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
			missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing ${missing[*]}"
	if [ "$(id -u)" -ne 0 ]; then
		sudo=sudo
	fi
	$sudo apt-get update -qq
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
		--no-install-recommends "${missing[@]}" >/dev/null
}

# configure_tree DIRECTORY [ARGUMENT…]: a build directory outside the sources.
configure_tree() {
	local directory=$1

	shift
	if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ]; then
		(cd "$top" && autoreconf -fi >/dev/null 2>&1) || (cd "$top" && autoreconf -fi)
	fi
	mkdir -p "$directory"
	if [ ! -f "$directory/Makefile" ]; then
		(cd "$directory" && "$top/configure" -q "$@" >/dev/null)
	fi
}
