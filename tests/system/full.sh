#!/bin/bash
# A store that can take no more: --run-once ends in time, keeps what it could not store, and the next
# run goes on from there. The limit of a file's size stands for the full disk.
set -u
here=$(dirname "$0")
# shellcheck source=scripts/common.sh
. "$here/../../scripts/common.sh"
# shellcheck source=scripts/scratch.sh
. "$here/../../scripts/scratch.sh"
set +e
failures=0

# check NAME COMMAND…
check() {
	local name=$1

	shift
	if "$@"; then
		echo "ok $name"
	else
		echo "not ok $name"
		failures=$((failures + 1))
		cat "$scratch/out"
	fi
}

spooled() {
	find "$spool" -maxdepth 1 -name '*.json*' | wc -l
}

scratch_begin "${top_builddir:-.}"
trap scratch_end EXIT
mock_start
write_config
for i in $(seq 30); do
	record "r$i" --contract "ssl$i" --common-name "www$i.example.jp" --key ec-p256 \
		--link "webhg2:whg$i:www$i.example.jp" --at 2026-11-01T00:00:00+09:00 --days 8000
done

# Kilobytes: room for the schema, not for thirty contracts.
(
	trap '' XFSZ
	ulimit -f 140
	exec timeout -k 1 120 "$build/certinstalld" --config "$conf" --run-once --wait 1s
) >"$scratch/out" 2>&1 </dev/null
status=$?
check "a full store ends the run: status $status" test $status -eq 3 -o $status -eq 1
check "it is told" grep -q 'store' "$scratch/out"
left=$(spooled)
check "what was not stored is kept: $left files" test "$left" -gt 0

certinstalld --run-once --ignore-due --wait 1s >"$scratch/out" 2>&1 </dev/null
check "with room again all is taken in" test "$(spooled)" -eq 0
check "nothing is lost" test "$(sqlite3 "$scratch/store/store.db" 'select count(*) from jobs')" -eq 30

[ $failures -eq 0 ]
