#!/usr/bin/env bash
# Private keys are nowhere but where they belong: not in the log, not in the store but sealed, not in
# what explains a rejection, and no longer in the memory of a daemon that is done with them.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/keys.sh
. "$(dirname "$0")/keys.sh"
system_begin
mock_start
write_config 'retry-floor = "100ms"' 'retry-ceiling = "200ms"' \
	"feed-url = \"https://$(mock_api)/feed\"" 'feed-token = "estate/token"' \
	'feed-ca = "estate/root.pem"'
keys_begin

# clean NAME FILE…: no line of a key in them.
clean() {
	local name=$1

	shift
	check "$name" 0 "$(cat "$@" | grep -caF -f "$lines")"
}

# feed FILE: to the mock's feed.
feed() {
	curl -sS --fail --cacert "$estate/root.pem" -X PUT --data-binary "@$1" -o /dev/null \
		-H "Authorization: Bearer $(cat "$estate/token")" "https://$(mock_api)/control/feed"
}

# What a feed delivers goes another way, and a key may be in what is no record.
mkdir "$scratch/fed"
spool=$scratch/fed take fed --item dv-ssl --key ec-p256 --link webhg2:f1:fed.example.jp
spool=$scratch/fed take fedp12 --item bring-in --key rsa-2048 --pkcs12 \
	--link webhg2:f2:fedp12.example.jp
spool=$scratch/fed take fedbad --item dv-ssl --key rsa-2048 --link webhg2:f3:fedbad.example.jp
sed -i 's/"state"/"stat"/' "$scratch/fed/fedbad.json"
for name in fed fedbad fedp12; do
	feed "$scratch/fed/$name.json"
done

daemon_start --verbose 2>/dev/null || exit 99
take rsa --item ov-ssl --key rsa-2048 --link webhg2:r1:rsa.example.jp \
	--link gio-ca:r2:rsa.example.jp --link docex:r3:rsa.example.jp
take ec --item dv-ssl --key ec-p256 --link webhg2:e1:ec.example.jp \
	--link cloud-hosting:e2:ec.example.jp --link docex:e3:ec.example.jp
take p12 --item bring-in --key rsa-3072 --pkcs12 --link webhg2:p1:p12.example.jp \
	--link cloud-hosting:p2:p12.example.jp --link docex:p3:p12.example.jp
# A key that does not belong is read, too, and refused.
take wrong --item bring-in --key ec-p384 --wrong-key --link docex:w1:wrong.example.jp
wait_for 120 sh -c "[ \$(grep -c 'installed on try 1' '$log') -eq 11 ]"
# One that stays in the queue, sealed.
faults '"service":"webhg2","fault":"status","status":503'
take stays --item dv-ssl --key rsa-2048 --link webhg2:s1:stays.example.jp
wait_for 120 grep -q 'ssl-stays: .*retrying' "$log"
# And records that are rejected: in one that cannot be read the key stands where no key belongs.
take broken --item dv-ssl --key ec-p256 --link webhg2:b1:broken.example.jp
wait_for 120 grep -q 'ssl-broken: .*retrying' "$log"
tr -d '\n' <"$scratch/broken.key" | sed 's/.*/{"contract": "&", "revision": "&"}/' >"$spool/.x"
mv "$spool/.x" "$spool/x.json"
sed 's/-----BEGIN PRIVATE KEY-----/junk/; s/$/\\n/' "$scratch/broken.key" | tr -d '\n' |
	sed 's/.*/{"contract":"&","revision":1}\n{"&/' >"$spool/.y"
mv "$spool/.y" "$spool/y.ndjson"
wait_for 120 test -e "$spool/rejected/y.ndjson.reason" -a -e "$spool/rejected/x.json.reason"

check "there is something to look for" yes \
	"$([ "$(wc -l <"$lines")" -gt 60 ] && [ "$(wc -l <"$needles")" -gt 100 ] && echo yes ||
		wc -l "$lines" "$needles")"
check "all of it is told of the spool's own copy" yes \
	"$(cat "$spool/rejected/"*json | grep -qaF -f "$lines" && echo yes)"
check "a record of the feed is set aside" 1 "$(query 'select count(*) from set_aside')"
clean "the log" "$log"
check "nor is the token in it" 0 "$(grep -caF "$(cat "$estate/token")" "$log")"
check "nor the sealing key" 0 "$(grep -caF "$(cat "$estate/sealing.key")" "$log")"
clean "the reasons of rejected records" "$spool"/rejected/*.reason
clean "the store and its journal" "$scratch"/store/*
check "a key in the queue is sealed in it" 2 "$(query 'select count(*) from secrets')"

# The memory, once the daemon rests: "stays" and "broken" are tried for ever, so they are ended.
control DELETE
wait_for 120 sh -c "grep -q 'ssl-stays: .*installed' '$log' && grep -q 'ssl-broken: .*installed' '$log'"
search_memory
daemon_stop
check "and it ends well" 0 "$status"

# What is said at the lowest level, of keys that cannot be opened.
faults '"service":"webhg2","fault":"status","status":503'
daemon_start
take locked --item dv-ssl --key rsa-2048 --link webhg2:l1:locked.example.jp
wait_for 120 grep -q 'ssl-locked: .*retrying' "$log"
daemon_stop
head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$estate/other.key"
chmod 600 "$estate/other.key"
sed -i 's|^sealing-key = .*|sealing-key = "estate/other.key"|' "$conf"
daemon_start --verbose
wait_for 120 grep -q ' debug: certificate ' "$log"
check "a key that cannot be opened is told of at the lowest level" 0 $?
wait_for 120 grep -q 'ssl-locked: .*retrying' "$log"
clean "the log of it" "$log"
check "nor is a sealing key in it" 0 "$(grep -caF -f "$estate/sealing.key" -f "$estate/other.key" "$log")"
daemon_stop

system_end
