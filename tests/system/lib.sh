# shellcheck shell=bash
# What the system tests have in common; sourced first. A scratch installation (scripts/scratch.sh)
# that is gone at the end, and cases as lines "ok NAME" and "not ok NAME". Bash.
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"
# shellcheck source=scripts/scratch.sh
. "$top/scripts/scratch.sh"
set +e

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

# holds NAME COMMAND…: the command succeeds.
holds() {
	local name=$1

	shift
	"$@" >/dev/null 2>&1
	check "$name" 0 $?
}

# says NAME PATTERN FILE: a line of FILE matches the extended regular expression.
says() {
	cases=$((cases + 1))
	if grep -qE -- "$2" "$3"; then
		echo "ok $cases - $1"
	else
		echo "not ok $cases - $1: no line of $3 matches '$2':"
		sed 's/^/  | /' "$3" | tail -n 20
		failures=$((failures + 1))
	fi
}

# system_begin: the scratch installation, without the mock; its end is arranged for.
system_begin() {
	trap scratch_end EXIT
	scratch_begin "$(cd "${top_builddir:-.}" && pwd)" || exit 99
}

system_end() {
	echo "1..$cases"
	[ "$failures" -eq 0 ]
}

# fresh: neither store nor records any more.
fresh() {
	rm -rf "$scratch/store" "$spool"
	mkdir -m 700 "$scratch/store" "$spool"
}

# run ARGUMENT…: certinstalld with the scratch configuration; $status, $out and $err.
run() {
	out=$scratch/out
	err=$scratch/err
	certinstalld "$@" >"$out" 2>"$err" </dev/null
	status=$?
}

# due NAME CODE [ARGUMENT…]: a record that was due long ago, with one link to webhg2.
due() {
	local name=$1 code=$2

	shift 2
	record "$name" --contract "ssl-$code" --common-name "$name.example.jp" --item dv-ssl \
		--key ec-p256 --at 2026-11-02T10:00:00+09:00 --days 8000 \
		--link "webhg2:$code:$name.example.jp" "$@"
}

# control METHOD [BODY]: the mock's fault script.
control() {
	curl -s --cacert "$estate/root.pem" -X "$1" -H "Authorization: Bearer $(cat "$estate/token")" \
		${2:+--data-binary "$2"} "https://$(mock_api)/control/faults"
}

# faults RULE…: these, comma-separated members of JSON objects, in place of those there were.
faults() {
	local rules='' rule

	for rule; do
		rules="$rules${rules:+,}{$rule}"
	done
	control PUT "[$rules]"
}

# requests CODE, effects CODE: what the mock's ledger has of a service code.
requests() {
	grep -c "\"code\":\"$1\"" "$scratch/ledger"
}

effects() {
	grep "\"code\":\"$1\"" "$scratch/ledger" | grep -c '"effect":true'
}

# repeated PREFIX: how many idempotency keys came more than once to service codes of that prefix.
repeated() {
	grep "\"code\":\"$1" "$scratch/ledger" | grep -o '"idempotency_key":"[0-9a-f]*"' |
		sort | uniq -d | wc -l
}

# query SQL: of the store, as its file has it.
query() {
	sqlite3 "$scratch/store/store.db" "$1"
}

# listing: all that lies in store and spool, with contents; not when.
listing() {
	(cd "$scratch" && find store spool -printf '%p %y %m\n' 2>/dev/null | sort &&
		find store spool -type f -exec sha256sum {} + 2>/dev/null | sort)
}

# daemon_start [ARGUMENT…]: until it is ready; its log is $log.
daemon_start() {
	log=$scratch/daemon.log
	: >"$log"
	"$build/certinstalld" --config "$conf" "$@" 2>>"$log" </dev/null &
	daemon_pid=$!
	wait_for 120 grep -q 'ready:' "$log" || cat "$log"
}

# daemon_stop [SIGNAL]: its exit status in $status.
daemon_stop() {
	kill "-${1:-TERM}" "$daemon_pid"
	wait "$daemon_pid" 2>/dev/null
	status=$?
	daemon_pid=
}

# now_ms, and an instant of so many milliseconds as records have it.
now_ms() {
	date +%s%3N
}

instant() {
	TZ=Asia/Tokyo date -d "@$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" +%Y-%m-%dT%H:%M:%S.%3N+09:00
}
