#!/usr/bin/env bash
# certinstallctl migration: one contract's way to a certificate from elsewhere, through all 8 steps
# with the real programs; the list of 4 steps; records without a store; and jobs --overdue.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
mock_start || exit 99
write_config 'spool-poll = "200ms"'

# ctl VERB ARGUMENT…: $status, $out, $err.
ctl() {
	local verb=$1

	shift
	out=$scratch/out
	err=$scratch/err
	"$build/certinstallctl" "$verb" --config "$conf" "$@" >"$out" 2>"$err"
	status=$?
}

# steps: the states of the first checklist's steps in $out, a word each.
steps() {
	grep -o '"number":[0-9]*,"state":"[a-z-]*"' "$out" | head -n "${1:-8}" |
		sed 's/.*"state":"//; s/"//' | paste -sd ' '
}

# warned: the codes of the warnings in $out.
warned() {
	sed 's/.*"warnings":\[\(.*\)\],"undefined".*/\1/' "$out" | grep -o '"code":"[a-z0-9-]*"' |
		sed 's/"code":"//; s/"//' | paste -sd ' '
}

# once: all that is due is installed.
once() {
	certinstalld --run-once --ignore-due >/dev/null 2>&1
}

# old REVISION STATE LINK: the old contract's record, always with the same certificate; LINK as
# service:code.
old() {
	if [ ! -s "$scratch/old.json" ]; then
		"$build/tests/tools/make-estate" --out "$estate" record --file "$scratch/old.json" \
			--contract old1 --item dv-ssl --common-name www.example.jp --key ec-p256 \
			--at "$old_at" --days 365 --link webhg2:w1:www.example.jp
	fi
	sed "s/\"revision\":1/\"revision\":$1/; s/\"state\":\"active\"/\"state\":\"$2\"/
		s/\"service\":\"webhg2\",\"service_code\":\"w1\"/\"service\":\"${3%:*}\",\"service_code\":\"${3#*:}\"/" \
		"$scratch/old.json" >"$spool/.old" && mv "$spool/.old" "$spool/old.json"
}

# The walk is in the present, since what waits is let go at the program's own time.
now_is=$(now_ms)
day_ms=86400000
now=$(instant "$now_is")
old_at=$(instant $((now_is - 20 * day_ms)))
new_at=$(instant $((now_is - day_ms)))
# What is looked at for its days alone, not.
then=2026-11-22T10:00:00+09:00

# ---- the beginning ----

ctl migration old1
check "no store yet" 3 "$status"
old 1 active webhg2:w1
once
ctl migration nobody
check "no such contract" 1 "$status"
says "is told" 'there is no contract nobody' "$err"
ctl migration
check "no contract named" 2 "$status"
ctl migration --now yesterday old1
check "no instant" 2 "$status"
ctl migration --now "$now" --json old1
check "steps 1 to 3" "0 done not-known next open not-known open open not-needed" "$status $(steps)"
check "its last day is the certificate's" "\"expiry\":\"$(TZ=Asia/Tokyo date -d "@$(query \
	'select not_after_ms / 1000 from certificates')" +%F)\",\"expiry_is\":\"certificate\"" \
	"$(grep -o '"expiry":"[0-9-]*","expiry_is":"[a-z]*"' "$out")"
check "the earliest install" "\"due\":{\"at\":\"$("$build/certinstallctl" due --service webhg2 "$now")\",\"basis\":\"if-today\"}" \
	"$(grep -o '"due":{[^}]*}' "$out")"
check "nothing is amiss" "" "$(warned)"
ctl migration --now "$now" old1
says "as text, what is next" '^ 3 \[>\] next  ' "$out"
says "and that the contract is optional here" 'Optional on this service' "$out"
says "and what the document leaves open" '1ヶ月前' "$out"
check "no line is too long" yes "$([ "$(LC_ALL=C.UTF-8 wc -L <"$out")" -le 100 ] && echo yes)"

# ---- the caution: step 4 ahead of step 3 ----

record new --contract new1 --item bring-in --common-name www.example.jp --key ec-p256 \
	--at "$new_at" --since "$new_at" --days 90 --link webhg2:w1:www.example.jp
once
ctl migration --now "$now" --json old1
check "steps 4 to 6 are done, 3 is next" "done done next done done done open not-needed" "$(steps)"
check "and the caution is told" step-4-before-step-3 "$(warned)"
ctl jobs --contract new1 --json
says "the new install is held" '"state":"held"' "$out"
old_served=$(served webhg2 www.example.jp)
check "and the service serves the old one" "$(fingerprint "$scratch/old.json")" "$old_served"

# ---- step 3, and 7 by itself ----

old 2 active other:
certinstalld --run-once >/dev/null 2>&1
ctl migration --now "$now" --json old1
check "step 3 is done, 7 is next" "done done done done done done next not-needed" "$(steps)"
check "nothing is amiss any more" "" "$(warned)"
says "the install has a day of its own" '"due":\{"at":"[0-9T:+-]*","basis":"job"\}' "$out"
check "and the service serves the old one still" "$old_served" "$(served webhg2 www.example.jp)"
once
ctl migration --now "$now" --json old1
check "step 7 is done" "done done done done done done done not-needed" "$(steps)"
check "the service serves the new one" \
	"$(query "select lower(hex(c.fingerprint)) from jobs j join certificates c on c.id = j.certificate_id where j.contract = 'new1'")" \
	"$(served webhg2 www.example.jp)"

# ---- step 8, before 2026-02-01 and when it has come ----

ctl migration --now 2026-01-10T10:00:00+09:00 --expires 2026-02-15 --json old1
check "up to 2026-01-31 it is to be applied for" "done done done done done done done next" "$(steps)"
says "by the day before the renewal begins" \
	'"ending":"apply-before","apply_by":"2026-01-15","online_first":"2026-01-16","online_last":"2026-01-20"' "$out"
ctl migration --now 2026-01-31T23:59:59+09:00 --expires 2026-03-03 --json old1
says "or waited with" '"ending":"apply-or-wait","apply_by":null,"online_first":null' "$out"
ctl migration --now 2026-02-01T00:00:00+09:00 --expires 2026-03-03 --json old1
says "from 2026-02-01 not" '"ending":"by-itself"' "$out"
old 3 ended other:
once
ctl migration --now "$now" --json old1
check "all 8 steps are done" "done done done done done done done done" "$(steps)"

# ---- the successor by name; other lists ----

ctl migration --now "$now" --json --successor new1 old1
check "the successor named" "done done done done done done done done" "$(steps)"
ctl migration --successor nobody old1
check "a successor that is not there" 1 "$status"
ctl migration --now $then --json new1
says "a bring-in contract has no list" '"applies":false.*"checklists":\[\].*bring-in-already' "$out"
record alone --contract alone1 --item dv-ssl --common-name a.example.jp --key ec-p256 \
	--at 2026-11-02T10:00:00+09:00 --days 365 --link other::a.example.jp
once
ctl migration --now $then --json alone1
check "その他: 4 steps" "not-known not-known not-known not-needed" "$(steps 4)"
says "whose end is not known" '"expiry":null' "$out"
ctl migration --now $then --json --expires 2027-03-31 alone1
says "unless it is told" '"expiry":"2027-03-31","expiry_is":"told","recommended":"2027-02-28"' "$out"

# ---- records alone ----

# offline ARGUMENT…: no configuration, no store.
offline() {
	"$build/certinstallctl" migration --trust "$estate/root.pem" "$@" >"$out" 2>"$err"
	status=$?
}

"$build/tests/tools/make-estate" --out "$estate" record --file "$scratch/rsa.json" \
	--contract gio1 --item dv-ssl --common-name g.example.jp --key rsa-2048 \
	--at 2026-11-02T10:00:00+09:00 --days 365 --link gio-ca:g1:g.example.jp
"$build/tests/tools/make-estate" --out "$estate" record --file "$scratch/ec.json" \
	--contract gio2 --item bring-in --common-name g.example.jp --key ec-p256 \
	--at 2026-11-20T10:00:00+09:00 --days 90 --link gio-ca:g1:g.example.jp
offline --now $then --json --record "$scratch/rsa.json"
check "of a record" "0 done not-known next open not-known open open not-needed" "$status $(steps)"
says "RSA 2048 is told of" 'RSA 2048 bit' "$out"
offline --now $then --json --record "$scratch/rsa.json" --successor-record "$scratch/ec.json"
check "a key that gio-ca does not take" "step-4-before-step-3 install-refused" "$(warned)"
says "and why" 'key-not-allowed' "$out"
sed 's/"service":"gio-ca","service_code":"g1"/"service":"other","service_code":""/' "$scratch/rsa.json" \
	>"$scratch/gone.json"
sed 's/"contract":"gio1"/"contract":"gio2"/; s/"item":"dv-ssl"/"item":"bring-in"/
	s/"at":"[^"]*"/"at":"2026-11-20T10:00:00+09:00"/' "$scratch/rsa.json" >"$scratch/good.json"
offline --now $then --json --record "$scratch/gone.json" --successor-record "$scratch/good.json"
check "let go, and one that it does take" \
	"done done done done done done next not-needed" "$(steps)"
says "is judged, and due by its record" '"due":\{"at":"2026-11-24T09:00:00\+09:00","basis":"judged"\}' "$out"
offline --now $then --record "$scratch/nowhere.json"
check "a record that is not there" 2 "$status"
offline --now $then --record "$scratch/rsa.json" gio1
check "a record and a contract" 2 "$status"
offline --now $then --successor-record "$scratch/rsa.json" gio1
check "a successor's record without the old one's" 2 "$status"

# ---- overdue ----

ctl jobs --overdue
check "nothing is overdue" "no jobs" "$(cat "$out")"
query "UPDATE jobs SET state = 5, due_ms = 1760000000000, detail = 'x' WHERE contract = 'new1'"
ctl jobs --overdue
says "what should have been done" 'new1 .*, overdue: due since 2025-10-09$' "$out"
query "UPDATE jobs SET revoked_ms = 1760000000000 WHERE contract = 'new1'"
ctl jobs --overdue --json
says "and what is revoked" '"overdue":\{"reason":"revocation","text":"the certificate that it replaces is revoked from 2025-10-09 on"\}' "$out"
check "that one alone" 1 "$(grep -o '"job":' "$out" | wc -l)"
ctl show "$(query "SELECT id FROM jobs WHERE contract = 'new1'")"
says "show tells it" '^  overdue: the certificate that it replaces' "$out"
query "UPDATE jobs SET next_ms = 4000000000000 WHERE contract = 'new1'"
daemon_start
wait_for 120 grep -q 'overdue: the certificate' "$log"
daemon_stop
check "the daemon warns of it, once" 1 "$(grep -c 'overdue: the certificate that it replaces is revoked from 2025-10-09' "$log")"

system_end
