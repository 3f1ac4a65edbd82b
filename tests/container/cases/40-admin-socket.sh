# shellcheck shell=bash disable=SC2086,SC2154
# certinstalld-admin.socket: whose it is, that it goes and comes with the service, and activation.
# shellcheck source=tests/container/lib.sh
. /tree/tests/container/lib.sh
socket=certinstalld-admin.socket
path=/run/certinstalld/admin.sock

ask() {
	curl -s --max-time 10 --unix-socket $path -o $lab/answer -w '%{http_code}' "http://localhost$1"
}

# as USER COMMAND…
as() {
	local user=$1

	shift
	setpriv --reuid "$user" --regid "$user" --init-groups "$@"
}

connects() {
	as "$1" python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('$path')" 2>/dev/null &&
		echo yes || echo no
}

check "it is the reading group's" "660 certinstalld certinstalld-read" \
	"$(stat -c '%a %U %G' $path)"
check "readers get to it, and nobody else" "yes yes no no" \
	"$(connects reader) $(connects changer) $(connects writer) $(connects stranger)"
check "the daemon has it from systemd" 1 \
	"$(tr '\0' '\n' <"/proc/$(main_pid)/environ" | grep -c '^LISTEN_FDNAMES=admin$')"

systemctl stop $unit 2>/dev/null
check "it goes with a service that is stopped" "inactive no" \
	"$(systemctl is-active $socket) $([ -e $path ] && echo yes || echo no)"
systemctl start $socket
check "alone it waits" "active inactive" \
	"$(systemctl is-active $socket) $(systemctl is-active $unit)"
as reader python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('$path')"
holds "a question starts the service" wait_for 30 systemctl is-active $unit
put socket
holds "which works" wait_for 60 installed socket
systemctl restart $unit
check "it comes back with a restart" "active active 660" \
	"$(systemctl is-active $unit) $(systemctl is-active $socket) $(stat -c %a $path)"

# What is asked there is the program's; this is that systemd's socket and its groups suit it.
if certinstallctl --help | grep -qE '^ *(pause|resume)' && grep -q '#admin-socket' $etc/certinstalld.conf; then
	check "root asks" 200 "$(ask /healthz)"
	for user in reader changer; do
		check "$user asks" 200 "$(as $user curl -s --max-time 10 --unix-socket $path \
			-o /dev/null -w '%{http_code}' http://localhost/metrics)"
	done
	pause() {
		as "$1" curl -s --max-time 10 --unix-socket $path -o /dev/null -w '%{http_code}' \
			-X POST "http://localhost/services/webhg2/$2"
	}
	check "a reader may not change, a changer may" "403 200 200" \
		"$(pause reader pause) $(pause changer pause) $(pause changer resume)"
	check "certinstallctl asks, as root and as a reader" "0 0" \
		"$(certinstallctl status >/dev/null 2>&1; echo $?) $(as reader certinstallctl status >/dev/null 2>&1; echo $?)"
	check "and changes, as a changer" "0 0" \
		"$(as changer certinstallctl pause webhg2 --yes >/dev/null 2>&1; echo $?) $(as changer certinstallctl resume webhg2 >/dev/null 2>&1; echo $?)"
	holds "the configuration can be looked over by hand" /usr/sbin/certinstalld --check-config
	systemctl stop $unit
	holds "a daemon that is stopped leaves the store to be read" certinstallctl status
	systemctl start $unit
else
	echo "# the program does not answer there yet"
fi
lib_end
