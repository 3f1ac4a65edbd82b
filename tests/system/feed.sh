#!/usr/bin/env bash
# The feed as a source: the daemon and a run once against the mock's feed with each of its faults.
# Nothing is lost, nothing installed twice, and what is no record holds nothing up.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

api() {
	curl -sS --fail --cacert "$estate/root.pem" -H "Authorization: Bearer $(cat "$estate/token")" \
		"$@"
}

# feed_text TEXT: into the feed as it is.
feed_text() {
	api -X PUT --data-binary "$1" "https://$(mock_api)/control/feed" >/dev/null
}

# feed_due NUMBER: a record that was due long ago, with a link to webhg2 feed-NUMBER.
feed_due() {
	local spool=$scratch/records

	[ -e "$spool/f$1.json" ] || due "f$1" "feed-$1"
	feed_text "@$spool/f$1.json"
}

feed_ledger() {
	api "https://$(mock_api)/control/feed"
}

# configure [LINE…]: the feed's keys, but those that LINEs give.
configure() {
	write_config "feed-url = \"https://$(mock_api)/feed\"" 'feed-ca = "estate/root.pem"' \
		'feed-interval = "200ms"' 'feed-timeout = "20s"' 'retry-floor = "50ms"' \
		'retry-ceiling = "200ms"' "$@"
}

# count STATE: jobs in it.
count() {
	query "select count(*) from jobs where state = $1"
}

# told PATTERN FILE: how many lines match.
told() {
	grep -cE -- "$1" "$2"
}

cursor() {
	query 'select cursor from feeds'
}

rejected() {
	"$build/certinstallctl" rejected --config "$conf" "$@"
}

all_installed() {
	[ "$(count 6)" = "$1" ]
}

system_begin
edges=no
mkdir "$scratch/records"
mock_start
configure 'feed-token = "estate/token"' 'feed-limit = 3'

for i in $(seq 10 19); do
	feed_due "$i"
done

# ---- a run once ----

run --run-once --dry-run
check "a dry run goes through the feed" "0 10" \
	"$status $(told 'would be installed now' "$out")"
check "and stores nothing" 0 "$(find "$scratch/store" -type f | wc -l)"

run --run-once
check "a run once takes the feed to its end" "0 10 s10" "$status $(count 6) $(cursor)"
check "each is installed once" 10 "$(grep -c '"effect":true' "$scratch/ledger")"
check "and every page was acknowledged" 10 \
	"$(feed_ledger | tail -n 1 | sed 's/.*"after":\([0-9]*\).*/\1/')"
run --run-once --dry-run
check "a dry run reads from the stored cursor" 10 \
	"$(feed_ledger | tail -n 1 | sed 's/.*"after":\([0-9]*\).*/\1/')"
asked=$(feed_ledger | wc -l)
run --run-once
check "nothing new: one question" "0 1" "$status $(($(feed_ledger | wc -l) - asked))"

# fault NAME RULE: with a fresh store, the same in the end.
fault() {
	fresh
	faults "\"service\":\"feed\",$2"
	run --run-once
	check "$1: all is taken" "0 10 s10" "$status $(count 6) $(cursor)"
}

fault "a page comes twice" '"from":2,"to":3,"fault":"page-repeat"'
fault "records in reverse" '"fault":"page-reorder"'
fault "half a page as if it were one" '"from":2,"to":3,"fault":"page-cut"'
says "a cut page is told" 'gave no page of records: no JSON: it ends early' "$err"
check "once" 1 "$(told 'asked again' "$err")"
says "and that it works again" 'feed .*: works again' "$err"
fault "a cursor that jumps back" '"from":3,"to":3,"fault":"page-jump-back"'
fault "a connection that is cut" '"from":2,"to":3,"fault":"cut"'
fault "bytes that are no HTTP" '"from":2,"to":3,"fault":"garbage"'
fault "a reset" '"from":1,"to":2,"fault":"reset-before"'
fault "an answer that is no JSON" '"from":2,"to":2,"fault":"status","status":200'
fault "500" '"from":2,"to":3,"fault":"status","status":500'
fault "503 with Retry-After" '"from":2,"to":2,"fault":"status","status":503,"retry_after":"1"'
fault "429" '"from":2,"to":3,"fault":"status","status":429'
fault "a slow one" '"from":2,"to":3,"fault":"delay","delay_ms":300'
fault "a page that is too large" '"from":2,"to":2,"fault":"page-oversize","size":6000000'
check "a smaller one is asked for" 1 "$(feed_ledger | grep -c '"limit":1,.*"status":200' | sed 's/[1-9][0-9]*/1/')"
check "no effect came twice" 10 "$(grep -c '"effect":true' "$scratch/ledger")"

fresh
faults '"service":"feed","from":3,"fault":"status","status":503'
run --run-once --wait 1s
check "a feed that fails: exit 1, the rest is done" "1 6 s6" "$status $(count 6) $(cursor)"
says "and it says so" 'the feed could not be gone through' "$out"
faults '"service":"feed","from":2,"fault":"page-jump-back"'
fresh
run --run-once
check "a cursor that always jumps back has an end" "1 6" "$status $(count 6)"
says "and is told" 'its pages come again and have nothing new' "$err"
check "without spinning" yes "$([ "$(feed_ledger | wc -l)" -lt 200 ] && echo yes)"
for case in 401:feed-token 403:'may not read it' 404:feed-url 302:redirects; do
	faults "\"service\":\"feed\",\"fault\":\"status\",\"status\":${case%%:*}"
	run --run-once
	check "${case%%:*}: exit 1" 1 "$status"
	says "${case%%:*} is told" "HTTP ${case%%:*}.*${case#*:}" "$err"
done
control DELETE
run --run-once
check "and then it works" "0 10" "$status $(count 6)"

# ---- what is no record ----

feed_text '{"contract":"ssl-bad","revision":3,"private_key":"hush-hush"}'
feed_text '17'
feed_due 20
run --run-once
check "bad records: exit 1, the good one is taken" "1 11 s13" "$status $(count 6) $(cursor)"
says "a summary of them" '^2 records of the feed were set aside' "$out"
run --run-once
check "they are told once" "0 0" "$status $(told 'set aside' "$err")"
rejected >"$scratch/rejected"
says "the operator sees which and why" '^ +1 ssl-bad +3 .* state is missing$' "$scratch/rejected"
says "even what has no code" '^ +2 - +- .* no JSON object$' "$scratch/rejected"
check "never its text" 0 "$(cat "$scratch"/store/* "$scratch/rejected" "$err" | grep -c hush-hush)"
echo '{"contract":"x"}' >"$spool/.n" && mv "$spool/.n" "$spool/n.json"
run --run-once
rejected >"$scratch/rejected"
says "the spool's too" '^    revision is missing' "$scratch/rejected"
rejected --json >"$scratch/rejected"
check "as JSON" '"ssl-bad" 3 "n.json"' "$(grep -o '"contract":"[^"]*"' "$scratch/rejected" |
	cut -d: -f2) $(grep -o '"revision":3' "$scratch/rejected" | cut -d: -f2) $(grep -o \
	'"file":"[^"]*"' "$scratch/rejected" | cut -d: -f2)"
holds "one is discarded" rejected --discard 2
rejected --discard 2 2>"$scratch/err"
check "once" 1 $?
check "and gone" 1 "$(query 'select count(*) from set_aside')"
rejected --discard x 2>"$scratch/err"
check "what is no number" 2 $?
spool=$scratch/records due bad ssl-x --contract ssl-bad --revision 4
feed_text "@$scratch/records/bad.json"
run --run-once
check "a newer revision clears" "0 0" "$status $(query 'select count(*) from set_aside')"
rm -r "$spool/rejected"

# ---- the daemon ----

fresh
daemon_start
holds "the daemon takes what is there" wait_for 120 all_installed 12
feed_due 21
holds "and what comes" wait_for 120 all_installed 13
faults '"service":"feed","fault":"status","status":503'
wait_for 120 grep -q 'answers HTTP 503' "$log"
feed_due 22
due s1 spool-1
holds "the spool goes on beside a feed that fails" wait_for 120 all_installed 14
check "which is told once" 1 "$(told 'answers HTTP 503' "$log")"
control DELETE
holds "and then goes on by itself" wait_for 120 all_installed 15
says "which is told too" 'works again' "$log"
daemon_stop
check "it ends as told" 0 "$status"

echo wrong >"$scratch/wrong-token"
configure "feed-token = \"$scratch/wrong-token\""
daemon_start
holds "a wrong token is told" wait_for 120 grep -q 'HTTP 401.*feed-token' "$log"
feed_due 23
configure 'feed-token = "estate/token"'
kill -HUP "$daemon_pid"
holds "a reload mends it" wait_for 120 all_installed 16
configure
kill -HUP "$daemon_pid"
holds "a feed without any secret is refused" wait_for 120 grep -q \
	'stays as it was: .*feed-url: stands without feed-token' "$log"
certinstalld --check-config 2>"$scratch/err"
check "by --check-config too" 2 $?
write_config
kill -HUP "$daemon_pid"
wait_for 120 eval '[ "$(grep -c "read again" "$log")" = 2 ]'
due s2 spool-2
holds "without a feed the spool goes on" wait_for 120 all_installed 17
asked=$(feed_ledger | wc -l)
due s3 spool-3
holds "and on" wait_for 120 all_installed 18
check "and nobody asks it any more" "$asked" "$(feed_ledger | wc -l)"
daemon_stop

# ---- killed between pages ----

fresh
configure 'feed-token = "estate/token"' 'feed-limit = 1' 'lease = "80s"'
faults '"service":"feed","fault":"delay","delay_ms":60'
base=$(grep -c '"effect":true' "$scratch/ledger")
lost=
for round in 1 2 3 4; do
	daemon_start
	wait_for 120 eval '[ "$(cursor | tr -d s)" -ge '$((round * 3))' ]'
	daemon_stop KILL
	# The feed's first ten are records of f10 to f19, in this order.
	at=$(cursor | tr -d s)
	for i in $(seq 10 $((at > 10 ? 19 : at + 9))); do
		[ "$(query "select count(*) from contracts where code = 'ssl-feed-$i'")" = 1 ] ||
			lost="$lost $i"
	done
done
check "killed, the cursor is never ahead of the records" '' "$lost"
control DELETE
# What the killed ones had in hand waits for its lease's end, which is brought forward.
query 'update jobs set next_ms = 1, lease_until_ms = 1 where lease_until_ms is not null'
daemon_start
wait_for 120 eval '[ "$(cursor)" = s17 ]'
check "in the end every record is there" 14 \
	"$(query "select count(*) from contracts where code like 'ssl-feed-%'")"
holds "and installed" wait_for 120 all_installed 15
check "and nothing has come into effect twice" "$base" "$(grep -c '"effect":true' "$scratch/ledger")"
daemon_stop

# ---- a client certificate ----

kill "$mock_pid"
wait "$mock_pid" 2>/dev/null
fresh
mock_start --feed-client-certificate
feed_due 10
configure 'feed-token = "estate/token"'
run --run-once
check "without the client certificate that it wants: exit 1" 1 "$status"
says "and it is told" 'HTTP 403' "$err"
configure 'feed-client-certificate = "estate/client.pem"' 'feed-client-key = "estate/client.key"' \
	'feed-token = "estate/token"'
run --run-once
check "with it, it is taken" "0 1" "$status $(count 6)"

# ---- a page that is bad throughout ----

configure 'feed-client-certificate = "estate/client.pem"' 'feed-client-key = "estate/client.key"' \
	'feed-token = "estate/token"' 'feed-limit = 30'
for i in $(seq 25); do
	feed_text "{\"contract\":\"ssl-bad-$i\",\"revision\":1}"
done
run --run-once --dry-run
check "a dry run says what would be set aside" "1 20 0" \
	"$status $(told 'ssl-bad-.* would be set aside: state is missing$' "$err") $(query \
		'select count(*) from set_aside')"
says "and how many" '^25 records would be rejected' "$out"
run --run-once
check "the log has twenty, the store all" "1 20 25" \
	"$status $(told 'ssl-bad-.* set aside: .*see certinstallctl rejected$' "$err") $(query \
		'select count(*) from set_aside')"
says "and it says that there are more" 'and 5 more of the same page' "$err"
system_end
