# shellcheck shell=bash disable=SC2034
# What the cases in the container have in common; sourced first. The installation is the packages'
# own, under /etc and /var; the mock and what it needs lie under /root/lab.
# shellcheck source=tests/system/lib.sh
. /tree/tests/system/lib.sh

lab=/root/lab
estate=$lab/estate
scratch=$lab
spool=/var/spool/certinstalld
store=/var/lib/certinstalld/store.db
etc=/etc/certinstalld
unit=certinstalld.service
packages=/packages
# The programs where the helpers of a build look for them.
build=$lab/programs

lib_end() {
	[ "$failures" -eq 0 ]
}

property() {
	systemctl show -P "$2" "$1"
}

main_pid() {
	property $unit MainPID
}

query() {
	sqlite3 "$store" "$1"
}

# put NAME [ARGUMENT…]: a record that is due, into the spool, by one of its writers; NAME is the service
# code as well.
put() {
	local name=$1

	shift
	"$build/tests/tools/make-estate" --out "$estate" record --file "$lab/$name.json" --mode 640 \
		--contract "ssl-$name" --item dv-ssl --common-name "$name.example.jp" --key ec-p256 \
		--at 2026-11-02T10:00:00+09:00 --days 8000 --link "webhg2:$name:$name.example.jp" "$@"
	install -m 640 -o writer -g certinstalld-write "$lab/$name.json" "/var/tmp/$name.json"
	setpriv --reuid writer --regid writer --init-groups \
		sh -c "cp /var/tmp/$name.json $spool/.$name && chmod 640 $spool/.$name &&
			mv $spool/.$name $spool/$name.json"
	rm -f "/var/tmp/$name.json"
}

# entries MATCH…: how many the journal has; journal_says PATTERN [OPTION…]: of the daemon's.
entries() {
	journalctl -q --no-pager -o cat "$@" | wc -l
}

journal_says() {
	local pattern=$1

	shift
	journalctl -q --no-pager -o cat -u $unit "$@" | grep -qE -- "$pattern"
}

# installed CODE: as the store has it.
installed() {
	[ "$(query "select count(*) from jobs where service_code = '$1' and state = 6")" -ge 1 ]
}

# edge_serves CODE: what was put last under that name.
edge_serves() {
	[ "$(served webhg2 "$1.example.jp")" = "$(fingerprint "$lab/$1.json")" ]
}

# drop_in LINE…: for the daemon, in place of the last one.
drop_in() {
	mkdir -p /run/systemd/system/$unit.d
	printf '%s\n' '[Service]' "$@" >/run/systemd/system/$unit.d/case.conf
	systemctl daemon-reload
}

drop_none() {
	rm -rf "/run/systemd/system/$unit.d"
	systemctl daemon-reload
}
