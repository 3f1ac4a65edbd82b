#!/usr/bin/env bash
# certinstalld --run-once as a whole, with the mocked services over real TLS.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
mock_start --waf-rate 1000
write_config 'retry-floor = "100ms"' 'retry-ceiling = "200ms"'

# ---- what it installs, and its exit status ----

due one w1
due two w2 --link docex:d2:two.example.jp --link other::two.example.jp
run --run-once
check "all that is due is installed" 0 "$status"
check "each link's effect" "1 1 1" "$(effects w1) $(effects w2) $(effects d2)"
check "the summary" "docex installed 1,webhg2 installed 2,total 3 installed" \
	"$(tr -s ' ' <"$out" | sed 's/ *$//' | paste -sd ,)"
check "taken files are gone" "" "$(ls "$spool")"
check "no progress line off a terminal" 0 "$(grep -c $'\r' "$out")"
run --run-once
check "nothing more to do" "0 total nothing to do" "$status $(tr -s ' ' <"$out")"

faults '"service":"webhg2","fault":"status","status":422'
due broken w3
run --run-once
check "what fails for good" "1 1" "$status $(requests w3)"
says "its line" '^webhg2 +failed +1$' "$out"
control DELETE
record no --contract ssl-no --item dv-ssl --common-name a.example.jp --key ec-p256 \
	--link webhg2:w4:b.example.jp
run --run-once
check "what is refused" "1 0" "$status $(requests w4)"
says "its line" '^webhg2 +refused +1$' "$out"

faults '"service":"webhg2","from":1,"to":2,"fault":"status","status":503'
due again w5
run --run-once
check "what may succeed is tried again" "0 3 1" "$status $(requests w5) $(effects w5)"
faults '"service":"webhg2","from":1,"to":1,"fault":"status","status":429,"retry_after":"1"'
due asked w6
before=$(now_ms)
run --run-once
check "Retry-After is waited for" "0 2 yes" \
	"$status $(requests w6) $([ $(($(now_ms) - before)) -ge 1000 ] && echo yes)"
faults '"service":"webhg2","fault":"status","status":503'
due never w7
before=$(now_ms)
run --run-once --wait 1s
took=$(($(now_ms) - before))
check "--wait bounds it" "1 yes" "$status $([ $took -lt 60000 ] && echo yes)"
says "the rest is left" '^webhg2 +left +1$' "$out"
sent=$(requests w7)
query "update jobs set next_ms = 1 where service_code = 'w7'"
run --run-once --wait 0s
check "--wait 0s tries once" "1 1" "$status $(($(requests w7) - sent))"
for code in n{1..40}; do due "$code" "$code"; done
# Tried again so soon that there is always one in flight.
sed -i 's/^retry-\(floor\|ceiling\) = .*/retry-\1 = "10ms"/' "$conf"
before=$(now_ms)
run --run-once --wait 1s
check "--wait bounds it, too, where something is always in flight" "1 yes" \
	"$status $([ $(($(now_ms) - before)) -lt 60000 ] && echo yes)"
control DELETE
write_config 'retry-floor = "100ms"' 'retry-ceiling = "200ms"'
run --run-once
check "and the next run installs it" "0 1" "$status $(effects w7)"

# ---- which ----

fresh
mkdir "$scratch/in"
spool_was=$spool
spool=$scratch/in
due a i1
due b i2
due c i3
printf 'no record\n' >"$spool/notes.txt"
spool=$spool_was
cat "$scratch/in/a.json" "$scratch/in/b.json" >"$scratch/two.ndjson"
run --run-once --import "$scratch/in/c.json" --import "$scratch/two.ndjson"
check "several imports" "0 1 1 1" "$status $(effects i1) $(effects i2) $(effects i3)"
check "imported files stay" "a.json b.json c.json notes.txt" "$(ls "$scratch/in" | paste -sd ' ')"
fresh
faults
run --run-once --import "$scratch/in"
check "a directory" "0 3" "$status $(query 'select count(*) from jobs where state = 6')"
fresh
out=$scratch/out
certinstalld --run-once --import - <"$scratch/two.ndjson" >"$out" 2>"$scratch/err"
check "standard input, a record a line" "0 2" "$? $(query 'select count(*) from jobs where state = 6')"
fresh
certinstalld --run-once --import - <"$scratch/in/c.json" >"$out" 2>"$scratch/err"
check "standard input, one record" "0 1" "$? $(query 'select count(*) from jobs where state = 6')"

fresh
due both s1 --link docex:s2:both.example.jp
run --run-once --service docex
check "--service" "0 0 1" "$status $(requests s1) $(requests s2)"
check "of that service alone is told" "docex installed 1" "$(head -n 1 "$out" | tr -s ' ')"
run --run-once
check "the other is still queued" "0 1" "$status $(effects s1)"
due old s3
due new s4 --at 2026-11-10T10:00:00+09:00
run --run-once --issued-since 2026-11-10
check "--issued-since" "0 0 1" "$status $(requests s3) $(requests s4)"
run --run-once --issued-since 2026-11-10T10:00:00.001+09:00
check "--issued-since an instant" "0 0" "$status $(requests s3)"
run --run-once
check "the older is still queued" "0 1" "$status $(effects s3)"

record later --contract ssl-later --item dv-ssl --common-name later.example.jp --key ec-p256 \
	--link webhg2:l1:later.example.jp
run --run-once
check "what is not due yet is no failure" "0 0" "$status $(requests l1)"
says "and is told" '^webhg2 +not yet due +1$' "$out"
run --run-once --ignore-due
check "--ignore-due" "0 1" "$status $(effects l1)"

# ---- --dry-run ----

rm -rf "$scratch/store" "$spool"
mkdir "$spool"
due dry y1
record dry2 --contract ssl-dry2 --item dv-ssl --common-name a.example.jp --key ec-p256 \
	--link webhg2:y2:b.example.jp --link docex:y2:a.example.jp
before=$(listing)
run --run-once --dry-run
check "--dry-run tells of a refusal" 1 "$status"
says "what it would install" '^ssl-y1 webhg2 y1 dry.example.jp: would be installed now, due 2026-11-04T09:00' "$out"
says "what it would refuse" 'y2 b.example.jp: would be refused: name-mismatch' "$out"
says "what would wait" 'docex y2 a.example.jp: would wait' "$out"
check "no store is made, nothing is taken" "$before" "$(listing)"
check "nothing is left in /tmp" "" "$(find /tmp -maxdepth 1 -name 'certinstalld-dry-run-*' -user "$(id -un)" -newer "$out")"
run --run-once --dry-run --import "$scratch/two.ndjson" --ignore-due --service docex
says "of a service" '^docex +to install +1$' "$out"
says "an import" '^ssl-i1 webhg2 i1 a.example.jp: would wait' "$out"
faults '"service":"webhg2","fault":"status","status":503'
run --run-once --wait 0s
control DELETE
due dry3 y3
before=$(listing)
run --run-once --dry-run
check "a store that is there stays, byte for byte" "$before" "$(listing)"
says "what is queued would be installed" '^ssl-y1 webhg2 y1 ' "$out"
check "nothing was sent" "1 0 0" "$(requests y1) $(requests y2) $(requests y3)"

# ---- wrong usage and configuration: 2, and nothing is touched ----

before=$(listing)
# usage NAME PATTERN ARGUMENT…
usage() {
	local name=$1 pattern=$2

	shift 2
	run "$@"
	check "$name" "2 same" "$status $([ "$(listing)" = "$before" ] && echo same)"
	says "$name: says why" "$pattern" "$err"
}
usage "an unknown option" 'frobnicate' --run-once --frobnicate
usage "an argument too many" 'import' --run-once "$scratch/two.ndjson"
usage "an unknown service" 'no such service' --run-once --service nosuch
usage "no duration" '[-]-wait' --run-once --wait soon
usage "no date" '[-]-issued-since' --run-once --issued-since yesterday
usage "--ignore-due without --run-once" 'run-once' --ignore-due
usage "an import that is not there" 'nowhere.json' --run-once --import "$scratch/nowhere.json"
cp "$conf" "$scratch/good.conf"
# misconfigured NAME PATTERN SED-SCRIPT
misconfigured() {
	sed "$3" "$scratch/good.conf" >"$conf"
	usage "$1" "$2" --run-once
	usage "$1, --dry-run" "$2" --run-once --dry-run
	cp "$scratch/good.conf" "$conf"
}
misconfigured "an unknown key" 'nonsense' '1s/^/nonsense = 1\n/'
misconfigured "a value out of bounds" 'concurrency' '1s/^/concurrency = 0\n/'
misconfigured "no sealing key" 'sealing' 's/sealing\.key/nothing.key/'
misconfigured "no trust store" 'nothing.pem' 's/^trust = .*/trust = "nothing.pem"/'
misconfigured "no intermediates" 'nothing.pem' 's/^intermediates = .*/intermediates = "nothing.pem"/'
misconfigured "no services" 'nowhere' 's/^services-dir = .*/services-dir = "nowhere"/'
run --config "$scratch/nowhere.conf" --run-once
check "no configuration" 2 "$status"
rm -rf "$scratch/store" "$spool"
sed 's/^trust = .*/trust = "nothing.pem"/' "$scratch/good.conf" >"$conf"
run --run-once
check "neither store nor spool is made with a wrong configuration" "2 no no" \
	"$status $([ -e "$scratch/store" ] || echo no) $([ -e "$spool" ] || echo no)"
cp "$scratch/good.conf" "$conf"

# ---- a store that cannot be used: 3 ----

mkdir -p "$spool" "$scratch/store"
rm -f "$scratch/store/"*
mkdir "$scratch/store/store.db"
due stays u1
run --run-once
check "a directory in the store's place" "3 stays.json" "$status $(ls "$spool")"
rmdir "$scratch/store/store.db"
head -c 8192 /dev/urandom >"$scratch/store/store.db"
before=$(listing)
run --run-once
check "a damaged store" "3 same" "$status $([ "$(listing)" = "$before" ] && echo same)"
run --run-once --dry-run
check "a damaged store, --dry-run" "3 same" "$status $([ "$(listing)" = "$before" ] && echo same)"
rm "$scratch/store/store.db"
sqlite3 "$scratch/store/store.db" 'create table other(x)'
before=$(listing)
run --run-once
check "another program's database" "3 same" "$status $([ "$(listing)" = "$before" ] && echo same)"
rm "$scratch/store/store.db"
if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$scratch"
	chown -R nobody "$estate" "$spool"
	sed 's/^user = .*/user = "nobody"/' "$scratch/good.conf" >"$conf"
	run --run-once
	check "a store of root's, for an ordinary user" "3 stays.json" "$status $(ls "$spool")"
	says "and says why" 'store' "$err"
	chown nobody "$scratch/store"
	run --run-once
	check "started by root: becomes the user" "0 1" "$status $(effects u1)"
	check "all belongs to that user" "" "$(find "$scratch/store" "$spool" ! -user nobody)"
	chown -R root "$estate" "$spool"
	cp "$scratch/good.conf" "$conf"
else
	chmod 500 "$scratch/store"
	run --run-once
	check "a store that may not be written" "3 stays.json" "$status $(ls "$spool")"
	chmod 700 "$scratch/store"
fi

# ---- records that cannot be read ----

fresh
due good r1
printf '{"contract": 7}\n' >"$spool/bad.json"
{
	tr -d '\n' <"$scratch/in/a.json"
	printf '\n{"contract":"ssl-x","revision":"one"}\nno json\n'
	cat "$scratch/in/b.json"
} >"$spool/mixed.ndjson"
run --run-once
check "rejected records" "1 3" "$status $(query 'select count(*) from jobs where state = 6')"
says "are counted" '^3 records were rejected' "$out"
check "and set aside with a reason" "bad.json bad.json.reason mixed.ndjson mixed.ndjson.reason" \
	"$(ls "$spool/rejected" | paste -sd ' ')"
check "the bad lines alone" 2 "$(grep -c . "$spool/rejected/mixed.ndjson")"
says "the reason names the key" 'contract' "$spool/rejected/bad.json.reason"
check "the spool holds no key any more" rejected "$(ls "$spool")"

# ---- on a terminal ----

fresh
faults '"service":"webhg2","fault":"delay","delay_ms":700'
due slow t1
script -qec "'$build/certinstalld' --config '$conf' --run-once 2>/dev/null" /dev/null >"$out" </dev/null
says "a progress line on a terminal" $'\r.*0 installed, 0 failed, 0 refused, 1 in flight' "$out"
says "and the summary after it" 'total +1 installed' "$out"
control DELETE

# ---- told to stop ----

# many PREFIX COUNT: records of one file, due long ago.
many() {
	"$build/tests/tools/make-estate" --out "$estate" records --count "$2" --keys 4 \
		--key ec-p256 --services webhg2 --at 2026-11-02T10:00:00+09:00 --days 8000 \
		--file "$scratch/many.ndjson" --seed "$1"
}
# stopped SIGNAL SEED: in the middle, then again to the end.
stopped() {
	local codes

	fresh
	many "$2" 40
	codes=$(grep -o '"service_code":"[^"]*"' "$scratch/many.ndjson" | sed 's/.*:"//; s/"$//')
	mv "$scratch/many.ndjson" "$spool"
	faults '"service":"webhg2","fault":"delay","delay_ms":150'
	: >"$err"
	# In the background a shell would have it ignore SIGINT.
	env --default-signal=INT "$build/certinstalld" --config "$conf" --run-once >"$out" \
		2>"$err" </dev/null &
	daemon_pid=$!
	wait_for 120 grep -q 'installed on try' "$err"
	kill "-$1" "$daemon_pid"
	wait "$daemon_pid"
	status=$?
	daemon_pid=
	check "$1 in the middle" 1 "$status"
	says "$1: the rest is left" 'total .* left' "$out"
	check "$1: nothing is half done" 0 \
		"$(query 'select count(*) from jobs where lease_token is not null')"
	check "$1: what was in flight is finished" 0 \
		"$(query 'select count(*) from jobs where attempts > 0 and state <> 6')"
	control DELETE
	run --run-once
	check "$1: a second run finishes" "0 40" \
		"$status $(query 'select count(*) from jobs where state = 6')"
	check "$1: each once" "40 40" "$(for code in $codes; do requests "$code"; done |
		grep -c '^1$') $(printf '%s\n' $codes | sort -u | wc -l)"
}
stopped TERM 1
stopped INT 2

fresh
many 3 2000
mv "$scratch/many.ndjson" "$spool"
: >"$err"
env --default-signal=INT "$build/certinstalld" --config "$conf" --run-once --import "$scratch/in" \
	--import "$spool/many.ndjson" >"$out" 2>"$err" </dev/null &
daemon_pid=$!
wait_for 120 grep -q 'installed on try' "$err"
kill -TERM "$daemon_pid"
wait "$daemon_pid"
status=$?
daemon_pid=
check "told to stop while taking in" "1 yes yes" "$status \
$([ "$(query 'select count(*) from contracts')" -lt 2003 ] && echo yes) \
$([ -e "$spool/many.ndjson" ] && echo yes)"
says "and it says so" 'stopped before all records were taken in' "$out"

mkfifo "$scratch/fifo"
# waiting NAME IMPORT: told to stop while it waits for what is to be imported.
waiting() {
	sleep 600 >"$scratch/fifo" &
	sleep_pid=$!
	: >"$err"
	env --default-signal=INT "$build/certinstalld" --config "$conf" --run-once --import "$2" \
		>"$out" 2>"$err" <"$scratch/fifo" &
	daemon_pid=$!
	wait_for 120 grep -q '^SigCgt:.*4002$' "/proc/$daemon_pid/status"
	kill -INT "$daemon_pid"
	wait_for 120 sh -c "! kill -0 $daemon_pid"
	kill "$sleep_pid"
	wait "$daemon_pid"
	check "told to stop while waiting for $1" 1 $?
	daemon_pid=
}
waiting "standard input" -
waiting "a FIFO" "$scratch/fifo"

# ---- side by side ----

fresh
many 4 200
out2=$scratch/out2
before=$(now_ms)
"$build/certinstalld" --config "$conf" --run-once --import "$scratch/many.ndjson" >"$out2" \
	2>"$scratch/err2" </dev/null &
daemon_pid=$!
run --run-once --import "$scratch/many.ndjson"
first=$status
wait "$daemon_pid"
status=$?
daemon_pid=
check "two runs at once" "0 0 200" \
	"$first $status $(query 'select count(*) from jobs where state = 6')"
check "neither waits longer than the other works" yes \
	"$([ $(($(now_ms) - before)) -lt 120000 ] && echo yes)"
codes=$(grep -o '"service_code":"[^"]*"' "$scratch/many.ndjson" | sed 's/.*:"//; s/"$//')
check "no job is done twice" 200 "$(for code in $codes; do requests "$code"; done | grep -c '^1$')"
fresh
many 5 200
codes=$(grep -o '"service_code":"[^"]*"' "$scratch/many.ndjson" | sed 's/.*:"//; s/"$//')
cp "$scratch/many.ndjson" "$spool/.half"
daemon_start
mv "$spool/.half" "$spool/many.ndjson"
run --run-once --import "$scratch/many.ndjson"
check "beside the daemon" "0 200" "$status $(query 'select count(*) from jobs where state = 6')"
check "beside the daemon no job is done twice" 200 \
	"$(for code in $codes; do requests "$code"; done | grep -c '^1$')"
daemon_stop
check "and the daemon ends well" 0 "$status"

system_end
