#!/usr/bin/env bash
# kill -9 at any time during a backfill by --run-once, then again to the end: each link is installed,
# with one effect under one key, and no record is lost. (kill.sh does it to the daemon.)
#   KILL_RECORDS   records (1500)
#   KILLS          how often the program is killed (6)
#   KILL_MOCK=yes  kills the mocked services instead, which then have forgotten all: the daemon goes
#                  on until all is installed
# shellcheck disable=SC2034,SC2154
here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=scripts/common.sh
. "$here/scripts/common.sh"
# shellcheck source=scripts/scratch.sh
. "$here/scripts/scratch.sh"
set +e
records=${KILL_RECORDS:-1500}
kills=${KILLS:-6}
patience=$((60 + records / 50))
failures=0
cases=0

# check NAME WANTED FOUND
check() {
	cases=$((cases + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $cases - $1"
	else
		echo "not ok $cases - $1: wanted '$2', found '$3'"
		failures=$((failures + 1))
	fi
}

# store_says SQL: without a trace in the store, whose recovery is the program's to do.
store_says() {
	sqlite3 -readonly "$scratch/store/store.db" "$1" 2>/dev/null
}

effects() {
	grep -c '"effect":true' "$scratch/ledger"
}

# How far it is: records in the store and effects on the services.
progress() {
	echo $(($(store_says 'SELECT count(*) FROM contracts' || echo 0) + $(effects)))
}

progressed_to() {
	[ "$(progress)" -ge "$1" ]
}

# killed_at PROGRESS: kills the program there, or some hundredths of a second later; false when it
# had ended by itself.
killed_at() {
	local end=$((SECONDS + patience))

	while ! progressed_to "$1" && [ $SECONDS -lt $end ]; do
		kill -0 "$daemon_pid" 2>/dev/null || return 1
	done
	sleep "0.0$((RANDOM % 10))"
	kill -KILL "$daemon_pid" 2>/dev/null
	wait "$daemon_pid" 2>/dev/null
	[ $? -eq 137 ]
}

# What a kill left, by a copy of the store and its log: records and leases.
look_at_wreck() {
	local copy=$scratch/copy

	mkdir -p "$copy"
	cp "$scratch"/store/store.db* "$copy/"
	sqlite3 "$copy/store.db" 'SELECT count(*), (SELECT count(*) FROM jobs
		WHERE lease_token IS NOT NULL) FROM contracts' | tr '|' ' '
	rm -rf "$copy"
} 2>/dev/null

# begin: the records in the spool, an empty store, services that know nothing.
begin() {
	if [ -n "$mock_pid" ]; then
		kill "$mock_pid"
		wait "$mock_pid"
	fi
	rm -rf "$scratch/store" "$scratch/ledger" "$scratch/log"
	mkdir -m 700 "$scratch/store"
	mock_start --waf-rate 0
	# Leases that run out soon after a kill, and longer than a try can take.
	site_lines='  total-timeout = "1s"
  stall-timeout = "1s"
  connect-timeout = "1s"
  verify-timeout = "500ms"
  verify-grace = "2s"'
	write_config 'lease = "2s"' 'retry-floor = "100ms"' 'retry-ceiling = "1s"' 'spool-poll = "1s"'
	cp "$scratch/records.ndjson" "$spool/.records"
	mv "$spool/.records" "$spool/records.ndjson"
}

# all_killed COMMAND…: lets COMMAND run, and kills it, again and again.
all_killed() {
	local struck=0 taking_in=no pushing=no i taken leased

	for i in $(seq "$kills"); do
		"$@" >>"$scratch/log" 2>&1 &
		daemon_pid=$!
		killed_at $(((i - 1) * 2 * records / kills)) && struck=$((struck + 1))
		daemon_pid=
		# Nothing to read when it did not get as far as a store.
		read -r taken leased < <(look_at_wreck) || continue
		[ "$taken" -eq 0 ] || [ "$taken" -eq "$records" ] || taking_in=yes
		[ "$leased" -eq 0 ] || pushing=yes
	done
	check "$name: killed as often as wanted" "$kills" "$struck"
	check "$name: some kill struck the intake, and some pushes under way" "yes yes" \
		"$taking_in $pushing"
}

# What the services say is installed, in the order of the list.
ask_services() {
	local api service code fqdn

	api=$(mock_api)
	while IFS='|' read -r service code fqdn _; do
		case $service in
		webhg2) echo "url = \"https://$api/webhg2/$code/certificates?host=$fqdn\"" ;;
		docex) echo "url = \"https://$api/docex/$code/hosts/$fqdn/certificate\"" ;;
		cloud-hosting) echo "url = \"https://$api/cloud-hosting/$code/$fqdn\"" ;;
		esac
	done >"$scratch/urls"
	curl -s --http1.1 --cacert "$estate/root.pem" -K "$scratch/urls" -w '\n' \
		-H "Authorization: Bearer $(cat "$estate/token")" |
		sed -n 's/.*"fingerprint_sha256": *"\([0-9a-f]*\)".*/\1/p'
}

# What must hold whatever happened, when all is over.
check_end() {
	local target="service || '|' || service_code || '|' || fqdn"

	store_says "SELECT contract || '|' || $target FROM jobs WHERE state = 6 ORDER BY 1" \
		>"$scratch/in-store"
	check "$name: each link is installed by the store" "$records" \
		"$(comm -12 "$scratch/wanted" "$scratch/in-store" | wc -l)"
	check "$name: and nothing else is there" "$records 0 0" \
		"$(store_says 'SELECT count(*), (SELECT count(*) FROM jobs WHERE lease_token IS NOT
			NULL), (SELECT count(*) FROM secrets) FROM jobs' | tr '|' ' ')"
	check "$name: no record is lost" "$records" "$(store_says 'SELECT count(*) FROM contracts')"
	check "$name: the spool is empty" "" "$(ls -A "$spool")"

	store_says "SELECT $target || '|' || lower(hex(fingerprint)) || '|' || idempotency_key
		FROM jobs JOIN certificates ON certificates.id = certificate_id ORDER BY 1" \
		>"$scratch/jobs"
	cut -d '|' -f 4 "$scratch/jobs" >"$scratch/fingerprints"
	check "$name: the services say the same" same \
		"$(ask_services <"$scratch/jobs" | cmp - "$scratch/fingerprints" && echo same)"
	sed -n 's/.*"service":"\([^"]*\)","code":"\([^"]*\)","fqdn":"\([^"]*\)","idempotency_key":"\([^"]*\)","fingerprint":"\([^"]*\)".*"effect":\([a-z]*\).*/\6 \1|\2|\3|\5|\4/p' \
		"$scratch/ledger" >"$scratch/lines"
	sed -n 's/^true //p' "$scratch/lines" | LC_ALL=C sort >"$scratch/effects"
	check "$name: each has one effect, under its key" same \
		"$(LC_ALL=C sort "$scratch/jobs" | cmp - "$scratch/effects" && echo same)"
	check "$name: nothing was sent under another key" "$records" \
		"$(sed 's/^[a-z]* //' "$scratch/lines" | sort -u | wc -l)"
	echo "# $name: $(wc -l <"$scratch/ledger") pushes, $(grep -c '"replayed":true' "$scratch/ledger") of them replays"
}

# Both become the program, so that it is what is killed; run them in a process of their own.
backfill() {
	exec "$build/certinstalld" --config "$conf" --run-once --ignore-due
}

daemon() {
	exec "$build/certinstalld" --config "$conf"
}

all_installed() {
	[ "$(store_says 'SELECT count(*) FROM jobs WHERE state = 6')" -eq "$records" ]
}

# Where they were before, and with nothing left of what they knew.
mock_killed() {
	local arguments=() service

	arguments=(--listen "$(mock_api)")
	for service in webhg2 docex cloud-hosting; do
		arguments+=(--edge "$service=$(mock_edge "$service")")
	done
	kill -KILL "$mock_pid"
	wait "$mock_pid" 2>/dev/null
	mock_start "${arguments[@]}"
}

scratch_begin "$(cd "${top_builddir:-.}" && pwd)" || exit 99
trap scratch_end EXIT
# Issued some weeks ago: due at once for the daemon, too.
"$build/tests/tools/make-estate" --out "$estate" records --count "$records" --keys 8 \
	--at "$(date -d '-20 days' +%Y-%m-%dT10:00:00+09:00)" --file "$scratch/records.ndjson" ||
	exit 99
sed 's/.*"contract":"\([^"]*\)".*"service":"\([^"]*\)","service_code":"\([^"]*\)","fqdn":"\([^"]*\)".*/\1|\2|\3|\4/' \
	"$scratch/records.ndjson" | LC_ALL=C sort >"$scratch/wanted"
export LC_ALL=C

if [ "${KILL_MOCK:-no}" = no ]; then
	name="run once"
	begin
	all_killed backfill
	(backfill) >"$scratch/log" 2>&1
	check "$name: the last run's exit status" 0 $?
	check_end
else
	name="the services killed"
	begin
	daemon >>"$scratch/log" 2>&1 &
	daemon_pid=$!
	for i in $(seq "$kills"); do
		wait_for $patience progressed_to $(((i - 1) * 2 * records / kills))
		mock_killed
	done
	wait_for $patience all_installed
	kill -TERM "$daemon_pid"
	wait "$daemon_pid"
	check "$name: the daemon's exit status" 0 $?
	daemon_pid=
	check "$name: all is installed" "$records" \
		"$(store_says 'SELECT count(*) FROM jobs WHERE state = 6')"
	echo "# $name: $(wc -l <"$scratch/ledger") pushes"
fi
echo "1..$cases"
[ "$failures" -eq 0 ]
