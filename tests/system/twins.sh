#!/usr/bin/env bash
# Several processes on one store: runs beside each other and beside the daemon, one that dies, one
# that is stopped past its leases and goes on, two daemons.
#   TWINS_RECORDS   records of each part (300)
#   TWINS_STOPS     how often a daemon is stopped in each way (1)
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2154 # lib.sh and scratch.sh set them
system_begin
records=${TWINS_RECORDS:-300}
stops=${TWINS_STOPS:-1}
pids=()

# What was started here and may be left when a case fails, or stopped.
twins_end() {
	local pid

	for pid in "${pids[@]}" $daemon_pid $mock_pid; do
		kill -CONT "$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do
		kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	scratch_end
}
trap twins_end EXIT

# begin [SECONDS]: an empty store, services that know nothing. A try may take so long that a busy
# machine ends none of them, and a lease is longer than any try.
begin() {
	local most=${1:-20}

	if [ -n "$mock_pid" ]; then
		kill "$mock_pid"
		wait "$mock_pid"
	fi
	fresh
	rm -f "$scratch/ledger"
	mock_start
	site_lines="  total-timeout = \"${most}s\"
  stall-timeout = \"${most}s\"
  connect-timeout = \"${most}s\"
  verify-timeout = \"500ms\""
	write_config "lease = \"$((most + 2))s\"" 'retry-floor = "100ms"' 'retry-ceiling = "500ms"' \
		'spool-poll = "200ms"'
}

# many: the records of one part, all due; a file for each hundred, so that there is something to
# share.
many() {
	local i

	"$build/tests/tools/make-estate" --out "$estate" records --count "$records" --keys 8 \
		--at "$(date -d '-20 days' +%Y-%m-%dT10:00:00+09:00)" --services webhg2 \
		--file "$scratch/records.ndjson"
	split -l 100 "$scratch/records.ndjson" "$scratch/part."
	for i in "$scratch"/part.*; do
		mv "$i" "$spool/${i##*/part.}.ndjson"
	done
}

# start NAME ARGUMENT…: certinstalld beside what runs already; what it says is in $scratch/NAME.
start() {
	local name=$1

	shift
	"$build/certinstalld" --config "$conf" "$@" >"$scratch/$name" 2>"$scratch/$name.log" </dev/null &
	pids+=($!)
}

# ended NAME STATUSES: those of all that were started, once they have ended.
ended() {
	local pid found=()

	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null
		found+=($?)
	done
	pids=()
	check "$1" "$2" "${found[*]}"
}

# summed NAME…: what the summaries of these say was installed, all in all.
summed() {
	(cd "$scratch" && awk '$2 == "installed" { sum += $3 } END { print sum + 0 }' "$@")
}

states() {
	query 'select group_concat(state || ":" || count, " ") from
		(select state, count(*) as count from jobs group by state order by state)'
}

# installed NUMBER: so many, by the store.
installed() {
	[ "$(query 'select count(*) from jobs where state = 6')" -ge "$1" ]
}

in_flight() {
	[ "$(query 'select count(*) from jobs where lease_token is not null')" -ge "$1" ]
}

# check_effects NAME: of each job one effect, and all is in the store.
check_effects() {
	check "$1: all is installed" "6:$records" "$(states)"
	check "$1: each has one effect" "$records $records" \
		"$(grep -c '"effect":true' "$scratch/ledger") $(grep '"effect":true' "$scratch/ledger" |
			grep -o '"code":"[^"]*"' | sort -u | wc -l)"
	check "$1: each record was taken in once" "$records" \
		"$(cat "$scratch"/*.log | grep -c ': accepted')"
	check "$1: no lease and no key is left" "0 0" \
		"$(query "select (select count(*) from jobs where lease_token is not null) || ' ' ||
			(select count(*) from secrets)")"
	check "$1: the spool is empty" "" "$(ls -A "$spool")"
	rm -f "$scratch"/*.log
}

# ---- runs at once ----

begin
many
faults '"service":"webhg2","fault":"delay","delay_ms":50'
start one --run-once
start two --run-once
ended "two runs: both end well" "0 0"
check "two runs: what they say is theirs adds up" "$records" "$(summed one two)"
check "two runs: nothing was sent twice" 0 "$(repeated '')"
check_effects "two runs"

begin
many
faults '"service":"webhg2","fault":"delay","delay_ms":50'
daemon_start
start one --run-once
start two --run-once
start three --run-once
ended "three runs beside the daemon: all end well" "0 0 0"
daemon_stop
check "three runs beside the daemon: it ends well" 0 "$status"
check "three runs beside the daemon: what was installed adds up" "$records" \
	"$(($(summed one two three) + $(grep -c ': installed on' "$log")))"
check "three runs beside the daemon: nothing was sent twice" 0 "$(repeated '')"
check_effects "three runs beside the daemon"

begin 3
many
faults '"service":"webhg2","fault":"delay","delay_ms":100'
start one --run-once
victim=$!
start two --run-once
start three --run-once
wait_for 120 installed $((records / 3))
kill -KILL "$victim"
ended "one of three is killed: the others end well" "137 0 0"
check_effects "one of three is killed"

# ---- two daemons ----

begin
start other
daemon_start
wait_for 120 grep -q 'ready:' "$scratch/other.log"
faults '"service":"webhg2","fault":"delay","delay_ms":50'
many
holds "two daemons: all is installed" wait_for 120 installed "$records"
kill -HUP "$daemon_pid" "${pids[0]}"
wait_for 120 grep -q 'read again' "$log"
kill "${pids[0]}"
ended "two daemons: the one ends well" 0
daemon_stop
check "two daemons: so does the other" 0 "$status"
check "two daemons: nothing was sent twice" 0 "$(repeated '')"
check_effects "two daemons"

# ---- a daemon that is stopped, and goes on ----

late() {
	[ "$(grep -c 'a late answer changes nothing' "$log")" -ge "$1" ]
}

# newer I: a newer certificate of each of the four links.
newer() {
	for i in 1 2 3 4; do
		due "n$i" "n$i" --revision "$1" --at "2026-11-02T1$1:00:00+09:00"
	done
}

served_all() {
	for i in 1 2 3 4; do
		served webhg2 "n$i.example.jp"
	done | paste -sd ' '
}

newest() {
	query 'select group_concat(f, " ") from (select lower(hex(c.fingerprint)) as f from jobs j join
		certificates c on c.id = j.certificate_id where j.id in
		(select max(id) from jobs where fqdn like "n%" group by fqdn) order by j.fqdn)'
}

# taken_over NAME: the daemon is stopped with four in flight; a run waits for its leases to end,
# takes in newer certificates and installs those. Then the daemon goes on.
taken_over() {
	local name=$1 before

	newer 2
	start once --run-once
	ended "$name: a run takes over, and ends well" 0
	check "$name: the newest is served" "$(newest)" "$(served_all)"
	before=$(wc -l <"$scratch/ledger")
	kill -CONT "$daemon_pid"
	holds "$name: the late answers change nothing, and it says so" wait_for 120 late 4
	due after after
	holds "$name: it goes on with what is new" wait_for 120 grep -q 'ssl-after: .*installed' "$log"
	check "$name: nothing else came from it" 1 $(($(wc -l <"$scratch/ledger") - before))
	check "$name: and the newest is served" "$(newest)" \
		"$(served_all)"
	check "$name: the older ones are superseded" "6:5 9:4" "$(states)"
	daemon_stop
	check "$name: it ends well" 0 "$status"
}

for round in $(seq "$stops"); do
	# The services have all of it, and answer late.
	begin 4
	faults '"service":"webhg2","to":4,"fault":"delay","delay_ms":3500'
	for i in 1 2 3 4; do due "n$i" "n$i"; done
	daemon_start
	wait_for 120 sh -c "[ \$(grep -c '\"effect\":true' '$scratch/ledger') -eq 4 ]"
	kill -STOP "$daemon_pid"
	taken_over "stopped while the service answers ($round)"

	# Nothing of the requests is out: the services stand still in the handshake.
	begin 4
	for i in 1 2 3 4; do due "n$i" "n$i"; done
	kill -STOP "$mock_pid"
	daemon_start
	wait_for 120 in_flight 4
	kill -STOP "$daemon_pid"
	kill -CONT "$mock_pid"
	taken_over "stopped before it sent anything ($round)"
done
system_end
