#!/usr/bin/env bash
# Services that take a certificate and go on with it by themselves, and those that want to know who
# asks: gio-ca, idgw, waf and waf-group as they differ from the others.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
mkdir "$scratch/services.d"
cp "$top"/conf/services.d/*.conf "$scratch/services.d/"
# Where the service gives no pace, a quick one.
sed -i 's/^follow {/&\n\tinterval = "200ms"\n\tinterval-floor = "100ms"/' \
	"$scratch/services.d/gio-ca.conf" "$scratch/services.d/idgw.conf"
# So long that each is asked once before, however busy the machine.
mock_start --async --gio-spread 4s --idgw-delay 4s

configure() {
	write_config 'retry-floor = "100ms"' 'retry-ceiling = "200ms"'
	sed -i "s|^services-dir.*|services-dir = \"$scratch/services.d\"|
		s|^  verify-interval.*|  verify-interval = \"100ms\"|" "$conf"
}

# job CODE: all of the job of that service code, as JSON.
job() {
	"$build/certinstallctl" show --config "$conf" --json \
		"$(query "select id from jobs where service_code = '$1'")"
}

# outcome CODE: its state, and its requests and looks with what each came to; those alike in a row
# stand once.
outcome() {
	job "$1" | grep -oE '"state":"[a-z]*"|"kind":"[a-z-]*","outcome":"[a-z-]*"' |
		sed 's/"state":"//; s/"kind":"//; s/","outcome":"/=/; s/"$//' | uniq | xargs
}

# gap CODE OUTCOME: the shortest wait in ms from a request of that outcome to the next.
gap() {
	query "select min(wait) from (select outcome,
		lead(at_ms) over (order by id) - at_ms as wait from attempts
		where job_id = (select id from jobs where service_code = '$1')) where outcome = '$2'"
}

# at_least NAME WANTED FOUND
at_least() {
	check "$1" yes "$([ "${3:-0}" -ge "$2" ] && echo yes || echo "$3")"
}

# new CODE SERVICE NAME ARGUMENT…: a record that is due, with one link.
new() {
	local code=$1 service=$2 name=$3

	shift 3
	record ".$code" --contract "ssl-$code" --common-name "$name" --item dv-ssl \
		--at "$(instant $(($(now_ms) - 30 * 86400000)))" --link "$service:$code:$name" "$@"
	wanted=$(fingerprint "$spool/.$code.json")
	# A daemon takes it away as soon as it is there.
	mv "$spool/.$code.json" "$spool/$code.json"
}

# ---- done later; a maintenance window before ----

configure
new gca1 gio-ca www.example.jp
gio=$wanted
new idg1 idgw id.example.jp --key ec-p256
faults '"service":"idgw","from":1,"to":1,"fault":"status","status":503,"retry_after":"1"'
run --run-once --wait 2m
check "all is installed" 0 "$status"
check "gio-ca: 202, asked until it is spread, and only then looked at" \
	"installed push=accepted follow=pending follow=done verify=served" "$(outcome gca1)"
check "gio-ca: served" "$gio" "$(served gio-ca www.example.jp)"
check "gio-ca: sent once" "1 1" "$(requests gca1) $(effects gca1)"
check "idgw: 503 for a while, then 202, asked where it said, then looked at" \
	"installed push=temporary push=accepted follow=pending follow=done verify=served" \
	"$(outcome idg1)"
check "idgw: served" "$wanted" "$(served idgw id.example.jp)"
# A beginning is told as the end less the time taken, each rounded: a millisecond may be missing.
at_least "idgw: not before Retry-After" 999 "$(gap idg1 temporary)"
at_least "idgw: asked at the pace that it gives" 999 "$(gap idg1 pending)"

# ---- across a kill; failed at the service ----

fresh
faults '"service":"idgw","from":1,"to":1,"fault":"request-fails"'
configure
daemon_start
new idg2 idgw fails.example.jp --key ec-p256
wait_for 120 grep -q '"code":"idg2"' "$scratch/ledger"
new idg3 idgw kept.example.jp --key ec-p256
pending() {
	[ "$(query "select count(*) from jobs where remote != '' and lease_token is null")" = 2 ]
}
holds "both are pending at the service" wait_for 120 pending
daemon_stop KILL
check "killed" 137 "$status"
check "what is pending is in the store" 2 \
	"$(query "select count(*) from jobs where remote like '%/idgw/idg_/certificate-requests/req-%'")"
daemon_start
settled() {
	[ "$(query "select count(*) from jobs where settled_ms != 0")" = 2 ]
}
holds "after a restart both come to an end" wait_for 120 settled
daemon_stop
check "idgw: was asked for again, not sent again" "1 1" "$(requests idg3) $(effects idg3)"
check "idgw: and followed to its end" \
	"installed push=accepted follow=pending follow=done verify=served" "$(outcome idg3)"
check "idgw: served after the restart" "$wanted" "$(served idgw kept.example.jp)"
check "idgw: failed there is failed here" \
	"failed push=accepted follow=pending follow=permanent" "$(outcome idg2)"
job idg2 >"$scratch/out"
says "with its reason" '"detail":"[^"]*the identity gateway did not take it' "$scratch/out"
check "and is not sent again" 1 "$(requests idg2)"
control DELETE

# ---- a key that the service does not take, when no rule of ours knows it ----

fresh
sed -i 's/^rsa2048-only = true/rsa2048-only = false/' "$scratch/services.d/gio-ca.conf"
new gca4 gio-ca ec.example.jp --key ec-p256
run --run-once --wait 5s
check "gio-ca refuses P-256: failed for good, on the first try" "1 failed push=permanent 1" \
	"$status $(outcome gca4) $(requests gca4)"
job gca4 >"$scratch/out"
says "gio-ca: with the service's own words" '"detail":"HTTP 422[^"]*RSA' "$scratch/out"
sed -i 's/^rsa2048-only = false/rsa2048-only = true/' "$scratch/services.d/gio-ca.conf"
fresh
new gca5 gio-ca rule.example.jp --key ec-p256
run --run-once --wait 5s
check "by our own rule nothing is sent" "1 refused 0" "$status $(outcome gca5) $(requests gca5)"

# ---- client certificates ----

# wafs PATTERN NAME: what the jobs on waf and waf-group say when they are tried.
wafs() {
	local code

	fresh
	new waf1 waf waf.example.jp --key ec-p256
	new waf2:group1 waf-group group.example.jp --key ec-p256
	run --run-once --wait 100ms
	check "$2: nothing is installed" "1 0 0" "$status $(effects waf1) $(effects waf2:group1)"
	for code in waf1 waf2:group1; do
		job "$code" >"$scratch/out"
		says "$2: $code is told" "\"detail\":\"[^\"]*$1" "$scratch/out"
	done
}

configure
sed -i '/client-/d' "$conf"
wafs 'HTTP 403[^"]*client certificate' "without a client certificate"
"$build/tests/tools/make-estate" --out "$scratch/other" ca
configure
sed -i 's|estate/client|other/client|' "$conf"
wafs 'does not (seem to )?take our client certificate' "another CA's client certificate"
sed -i 's|other/client.pem|other/absent.pem|' "$conf"
wafs 'client certificate' "a client certificate that is not there"

# A server that wants one in the handshake itself.
for version in tls1_2 tls1_3; do
	openssl s_server -accept 127.0.0.1:0 -cert "$estate/server.pem" -key "$estate/server.key" \
		-cert_chain "$estate/intermediate.pem" \
		-CAfile "$estate/root.pem" -Verify 1 -"$version" -www \
		>"$scratch/handshakes" 2>&1 </dev/null &
	server=$!
	mock_pid="$mock_pid $server"
	wait_for 120 grep -q '^ACCEPT .*:' "$scratch/handshakes"
	configure
	sed -i "/client-/d; s|^  endpoint.*|  endpoint = \"https://$(
		sed -n 's/^ACCEPT //p' "$scratch/handshakes"
	)\"|" "$conf"
	wafs '(wants a|asked for a) client certificate' "none, in a handshake of $version"
	kill "$server"
done

configure
fresh
new waf1 waf waf.example.jp --key ec-p256
new waf2:group1 waf-group group.example.jp --key ec-p256
run --run-once
check "with it, both are installed" "0 1 1" "$status $(effects waf1) $(effects waf2:group1)"
check "and served" "$wanted" "$(served waf-group group.example.jp)"

system_end
