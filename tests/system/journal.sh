#!/usr/bin/env bash
# What the daemon sends to the journal: a socket of the test's stands where systemd has its own.
# shellcheck source=tests/system/lib.sh
if [ -z "${CERTINSTALLD_TEST_JOURNAL:-}" ]; then
	own_run='mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal'
	for user in '' --map-root-user; do
		# shellcheck disable=SC2086
		if unshare --mount $user sh -c "$own_run" 2>/dev/null; then
			export CERTINSTALLD_TEST_JOURNAL=yes
			# shellcheck disable=SC2086,SC2016
			exec unshare --mount $user sh -c "$own_run"' && exec bash "$0"' "$0"
		fi
	done
	echo "SKIP: no mount namespace here, so that /run/systemd/journal cannot be the test's" >&2
	exit 77
fi
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/keys.sh
. "$(dirname "$0")/keys.sh"
system_begin
mock_start
write_config 'spool-poll = "200ms"' 'retry-floor = "100ms"' 'retry-ceiling = "200ms"'
keys_begin

heard=$scratch/heard
"$build/tests/tools/notify-listen" /run/systemd/journal/socket >"$heard" &
mock_pid="$mock_pid $!"
wait_for 120 test -S /run/systemd/journal/socket

# entries [PATTERN]: what the journal got, an entry a line, its fields between bars.
entries() {
	sed 's/^[0-9]* //' "$heard" |
		awk '/^MESSAGE=/ && NR > 1 { print "|" } { printf "|%s", $0 } END { print "|" }' |
		grep -E -- "${1:-}"
}

# event NAME: a pattern for its entries.
event() {
	sed -n "s/^EVENT($1, \"\\([0-9a-f]*\\)\".*/|MESSAGE_ID=\\1|/p" "$top/src/base/events.def" |
		sed 's/|/[|]/g'
}

# got NAME [PATTERN]: an entry of the event is there, and matches.
got() {
	entries "$(event "$1")" | grep -qE -- "${2:-}"
}

# of_job NUMBER: the names of the events of a job, in order.
of_job() {
	entries "[|]JOB_ID=$1[|]" | sed 's/.*|MESSAGE_ID=\([0-9a-f]*\)|.*/\1/' | while read -r id; do
		sed -n "s/^EVENT(\\([A-Z_]*\\), \"$id\".*/\\1/p" "$top/src/base/events.def"
	done | tr '\n' ' '
}

log=$scratch/daemon.log
: >"$log"
# shellcheck disable=SC2094
JOURNAL_STREAM=$(stat -c %d:%i "$log") "$build/certinstalld" --config "$conf" --verbose \
	2>>"$log" </dev/null &
daemon_pid=$!
holds "ready" wait_for 120 got DAEMON_READY 'PRIORITY=6[|]SYSLOG_IDENTIFIER=certinstalld[|]'

take through --item ov-ssl --key rsa-2048 --link webhg2:p1:through.example.jp
holds "installed" wait_for 120 got JOB_INSTALLED
check "one line accepted and one installed, and no other" "JOB_ACCEPTED JOB_INSTALLED " \
	"$(of_job 1 | sed 's/JOB_VERIFYING //g')"
holds "the fields of the first" got JOB_ACCEPTED \
	'[|]PRIORITY=6[|].*[|]CONTRACT=ssl-through[|]SERVICE=webhg2[|]FQDN=through.example.jp[|]OUTCOME=accept[|]DUE=20'
holds "the fields of the last" got JOB_INSTALLED \
	"[|]FINGERPRINT=$(served webhg2 through.example.jp)[|]ATTEMPT=1[|]OUTCOME=installed[|]"

faults '"service":"docex","fault":"status","status":422'
take fails --item dv-ssl --key ec-p256 --link docex:p2:fails.example.jp
holds "failed" wait_for 120 got JOB_FAILED '[|]PRIORITY=3[|].*[|]SERVICE=docex[|]'
check "one line accepted and one failed" "JOB_ACCEPTED JOB_FAILED " "$(of_job 2)"
take wrong --item bring-in --key ec-p384 --wrong-key --link docex:w1:wrong.example.jp
holds "refused" wait_for 120 got JOB_REFUSED '[|]REASON=key-mismatch[|]'
check "one line refused" "JOB_REFUSED " "$(of_job 3)"
printf '{"contract": 1}\n' >"$spool/.x"
mv "$spool/.x" "$spool/x.json"
holds "a record that is none" wait_for 120 got RECORD_REJECTED '[|]FILE=x.json[|]'

kill -HUP "$daemon_pid"
holds "read again" wait_for 120 got CONFIGURATION_RELOADED "[|]FILE=${conf}[|]"
echo 'nonsense' >>"$conf"
kill -HUP "$daemon_pid"
holds "not read again" wait_for 120 got CONFIGURATION_KEPT '[|]PRIORITY=3[|]'
daemon_stop
holds "stopped" wait_for 120 got DAEMON_STOPPED
check "nothing was told twice of a job" "" \
	"$(entries '[|]JOB_ID=' | sed 's/.*|MESSAGE_ID=\([0-9a-f]*\)|JOB_ID=\([0-9]*\)|.*/\1 \2/' |
		sort | uniq -d)"
check "each entry above debug has an id" 0 \
	"$(entries | grep -v '|PRIORITY=7|' | grep -cv '|MESSAGE_ID=[0-9a-f]*|')"
check "and nothing is on standard error" "" "$(cat "$log")"
check "no key is in it" 0 "$(grep -caF -f "$lines" "$heard")"
check "nor the token" 0 "$(grep -caF "$(cat "$estate/token")" "$heard")"
check "nor the sealing key" 0 "$(grep -caF "$(cat "$estate/sealing.key")" "$heard")"

system_end
