#!/usr/bin/env bash
# A file system that is full and is freed again, and one that is read-only for a time, while the
# daemon runs: with the store on it, with the spool, with both. The daemon says so, sends nothing
# that it could not lease, acknowledges nothing that it did not store, and goes on by itself.
# Mounts a small tmpfs, so it wants root and is skipped without.
# shellcheck disable=SC2034,SC2119,SC2154
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
disk=

# Nothing is removed before the disk is off.
disks_end() {
	local pid

	for pid in $daemon_pid; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	daemon_pid=
	if [ -n "$disk" ] && mountpoint -q "$disk" && ! umount "$disk" && ! umount -l "$disk"; then
		echo "# $disk cannot be unmounted; all is left in $scratch"
		kill "$mock_pid"
		return
	fi
	scratch_end
}

trap disks_end EXIT
scratch_begin "$(cd "${top_builddir:-.}" && pwd)" || exit 99
disk=$scratch/disk
mkdir "$disk"
if ! mount -t tmpfs -o size=2m,mode=700 certinstalld-test "$disk" 2>"$scratch/mount"; then
	echo "SKIPPED: disks.sh: no file system can be mounted here: $(cat "$scratch/mount")"
	exit 77
fi
umount "$disk"

# ---- what the cases have in common ----

# layout WHAT: a fresh installation with "store", "spool" or "both" on a fresh disk.
layout() {
	local where

	! mountpoint -q "$disk" || umount "$disk"
	mount -t tmpfs -o size=2m,mode=700 certinstalld-test "$disk" || exit 99
	# Services that know nothing yet.
	if [ -n "$mock_pid" ]; then
		kill "$mock_pid"
		wait "$mock_pid"
	fi
	rm -f "$scratch/ledger"
	mock_start
	store=$scratch/store
	spool=$scratch/spool
	rm -rf "$store" "$spool"
	case $1 in store | both) store=$disk/store ;; esac
	case $1 in spool | both) spool=$disk/spool ;; esac
	mkdir -m 700 "$store" "$spool"
	write_config 'lease = "10s"' 'retry-floor = "100ms"' 'retry-ceiling = "1s"' 'spool-poll = "300ms"'
	sed -i "s|^store = .*|store = \"$store/store.db\"|; s|^spool = .*|spool = \"$spool\"|" "$conf"
}

# ready FILE…: these in the spool under hidden names, whole, so that they can arrive in a full one.
ready() {
	local i

	for i; do
		cp "$scratch/records/$i" "$spool/.$i"
	done
}

arrive() {
	local i

	for i; do
		mv "$spool/.$i" "$spool/$i"
	done
}

spooled() {
	find "$spool" -maxdepth 1 -name "[!.]*json" | wc -l
}

contracts() {
	sqlite3 -readonly "$store/store.db" 'SELECT count(*) FROM contracts' 2>/dev/null
}

installed() {
	[ "$(sqlite3 -readonly "$store/store.db" \
		'SELECT count(*) FROM jobs WHERE state = 6' 2>/dev/null)" = "$1" ]
}

all_installed() {
	installed "$1" && [ "$(spooled)" -eq 0 ]
}

fill() {
	dd if=/dev/zero of="$disk/filler" bs=4096 2>/dev/null
	dd if=/dev/zero of="$disk/filler.2" bs=1 count=4096 2>/dev/null
	[ "$(stat -f -c %a "$disk")" -eq 0 ]
}

free_again() {
	rm -f "$disk/filler" "$disk/filler.2"
}

said() {
	grep -qE -- "$1" "$log"
}

# passes N: as many looks into the spool are over as twice its poll times N.
settled_for() {
	local end=$(($(now_ms) + $1))

	until [ "$(now_ms)" -ge "$end" ]; do
		sleep 0.05
	done
}

# complaints NAME MAX: what it said at most, however long it lasted.
complaints() {
	local count

	count=$(grep -cE 'error:|warning:.*(spool|store)' "$log")
	check "$1: told without a flood" yes \
		"$([ "$count" -ge 1 ] && [ "$count" -le "$2" ] && echo yes || echo "$count lines")"
}

once() {
	check "$1: each effect once" "$2 0" \
		"$(grep -c '"effect":true' "$scratch/ledger") $(repeated c)"
	check "$1: ends well" 0 "$status"
}

# ---- full, and freed again ----

full_store() {
	local name="$1 on a full disk"

	layout "$1"
	ready 1.json 2.json 3.json
	daemon_start
	arrive 1.json
	holds "$name: works before" wait_for 120 all_installed 1
	holds "$name: is full" fill
	arrive 2.json 3.json
	holds "$name: says that the disk is full" wait_for 120 said 'store\.db: .*disk is full'
	settled_for 1500
	check "$name: keeps the files, and has nothing of them" "2 1" "$(spooled) $(contracts)"
	complaints "$name" 4
	check "$name: sends nothing" 1 "$(wc -l <"$scratch/ledger")"
	free_again
	holds "$name: goes on when it is freed" wait_for 120 all_installed 3
	daemon_stop
	once "$name" 3
}

# What was in flight when the disk became full is stored once it can be, and not sent again.
full_in_flight() {
	local name="$1 full under a push"

	layout "$1"
	faults '"service":"webhg2","from":1,"to":1,"fault":"delay","delay_ms":4000'
	ready 1.json
	daemon_start
	arrive 1.json
	holds "$name: is sent" wait_for 120 grep -q '"code":"c1"' "$scratch/ledger"
	holds "$name: is full" fill
	holds "$name: says that results wait" wait_for 120 said 'results that wait to be stored: 1'
	free_again
	holds "$name: stored when it is freed" wait_for 120 all_installed 1
	check "$name: says so" 1 "$(grep -c 'the store works again' "$log")"
	check "$name: sent once" 1 "$(requests c1)"
	daemon_stop
	once "$name" 1
	control DELETE
}

# With room in the store and none in the spool only the rejecting needs room.
full_spool() {
	local name="spool on a full disk"

	layout spool
	ready 1.json 2.json bad.json
	daemon_start
	holds "$name: is full" fill
	arrive bad.json
	holds "$name: says what is kept" wait_for 120 said 'bad.json: kept.*No space left'
	settled_for 1500
	check "$name: and keeps it" 1 "$(spooled)"
	complaints "$name" 3
	# What needs no room is done, and makes some.
	arrive 1.json
	holds "$name: takes a record" wait_for 120 installed 1
	holds "$name: then sets it aside" wait_for 120 test -s "$spool/rejected/bad.json.reason"
	free_again
	arrive 2.json
	holds "$name: goes on" wait_for 120 all_installed 2
	daemon_stop
	once "$name" 2
}

# ---- read-only, and writable again ----

read_only_spool() {
	local name="spool on a read-only disk"

	layout spool
	ready 1.json 2.json
	daemon_start
	# Nobody can deliver into it afterwards; so the daemon must not see it arrive.
	kill -STOP "$daemon_pid"
	arrive 1.json
	holds "$name: is read-only" mount -o remount,ro "$disk"
	kill -CONT "$daemon_pid"
	holds "$name: says so" wait_for 120 said '1.json: .*Read-only file system'
	holds "$name: takes the record all the same" wait_for 120 installed 1
	settled_for 1500
	complaints "$name" 3
	check "$name: sent once" 1 "$(requests c1)"
	mount -o remount,rw "$disk"
	holds "$name: takes it away when it is writable" wait_for 120 all_installed 1
	arrive 2.json
	holds "$name: goes on" wait_for 120 all_installed 2
	daemon_stop
	once "$name" 2
}

# A store that is open keeps its file system from becoming read-only but for a disk's fault, which
# syscalls.sh plays (EROFS); here it is at the start.
read_only_store() {
	local name="$1 on a read-only disk"

	layout "$1"
	ready 1.json 2.json
	daemon_start
	arrive 1.json
	holds "$name: works before" wait_for 120 all_installed 1
	daemon_stop
	arrive 2.json
	holds "$name: is read-only" mount -o remount,ro "$disk"
	run
	check "$name: the daemon does not start" 3 "$status"
	says "$name: and says why" 'store.*(Read-only|may not be written)' "$err"
	check "$name: in a line" 1 "$(wc -l <"$err")"
	run --run-once
	check "$name: nor does --run-once" 3 "$status"
	check "$name: the file is kept" 1 "$(spooled)"
	mount -o remount,rw "$disk"
	daemon_start
	holds "$name: goes on when it is writable" wait_for 120 all_installed 2
	daemon_stop
	once "$name" 2
}

site_lines='  total-timeout = "8s"
  stall-timeout = "8s"
  connect-timeout = "5s"
  verify-timeout = "1s"
  verify-grace = "60s"'
mkdir "$scratch/records"
for i in 1 2 3; do
	"$build/tests/tools/make-estate" --out "$estate" record --contract "ssl$i" \
		--common-name "www$i.example.jp" --key ec-p256 --link "webhg2:c$i:www$i.example.jp" \
		--at 2026-11-02T10:00:00+09:00 --days 8000 --file "$scratch/records/$i.json"
done
echo 'no record' >"$scratch/records/bad.json"

for what in store both; do
	full_store $what
done
full_in_flight store
full_spool
read_only_spool
for what in store both; do
	read_only_store $what
done
system_end
