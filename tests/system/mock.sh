#!/bin/bash
# Goes through all seven mocked services over real TLS: answers, ledger, served certificates, faults.
set -u
build=${top_builddir:-.}
mock=$build/certinstall-mock
estate=$build/tests/tools/make-estate
work=$(mktemp -d) || exit 99
pid=
failures=0
count=0

finish() {
	if [ -n "$pid" ]; then
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	fi
	rm -rf "$work"
}
trap finish EXIT

# check NAME WANTED FOUND
check() {
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1: wanted '$2', found '$3'"
		failures=$((failures + 1))
	fi
}

# start OPTION...: runs the mock and waits until its ports are open.
start() {
	rm -f "$work/ready"
	"$mock" --server-cert "$work/ca/server.pem" --server-key "$work/ca/server.key" \
		--token-file "$work/ca/token" --ready-file "$work/ready" \
		--ledger "$work/ledger" "$@" &
	pid=$!
	for _ in $(seq 1200); do
		[ -e "$work/ready" ] && break
		sleep 0.05
	done
	if [ ! -e "$work/ready" ]; then
		echo "not ok - the mock does not start"
		exit 1
	fi
	api=$(awk '$1 == "api" { print $2 }' "$work/ready")
}

stop() {
	kill -TERM "$pid"
	wait "$pid"
	check "SIGTERM ends it well" 0 $?
	pid=
}

# request METHOD PATH [CURL-OPTION...]: the status in $status, the body and headers in files.
request() {
	local method=$1 path=$2
	shift 2
	status=$(curl -s -g --http1.1 --cacert "$work/ca/root.pem" -m 120 -X "$method" \
		-H "Authorization: Bearer $(cat "$work/ca/token")" -o "$work/body" \
		-D "$work/headers" -w '%{http_code}' "$@" "https://$api$path")
	result=$?
}

header() {
	tr -d '\r' <"$work/headers" | awk -F': ' -v name="$1" 'tolower($1) == name { print $2 }'
}

# field NAME: a text member of the JSON answer.
field() {
	sed -n "s/.*\"$1\": *\"\\([^\"]*\\)\".*/\\1/p" "$work/body"
}

# served SERVICE NAME: the fingerprint that the edge shows for that SNI name.
served() {
	local edge
	edge=$(awk -v id="$1" '$1 == "edge" && $2 == id { print $3 }' "$work/ready")
	openssl s_client -connect "$edge" -servername "$2" -CAfile "$work/ca/root.pem" \
		-verify_return_error </dev/null >"$work/handshake" 2>&1
	openssl x509 -in "$work/handshake" -noout -fingerprint -sha256 2>/dev/null |
		sed 's/.*=//; s/://g' | tr 'A-F' 'a-f'
}

# certificate NAME FQDN KEY: files NAME.leaf, NAME.chain, NAME.key, NAME.json; $fingerprint.
certificate() {
	"$estate" --out "$work/ca" record --contract ssl1 --common-name "$2" --key "$3" \
		--file "$work/record.json" || exit 99
	sed -n 's/.*"pem":"\([^"]*\)".*/\1/p' "$work/record.json" | sed 's/\\n/\n/g' >"$work/$1.pem"
	sed -n 's/.*"private_key":"\([^"]*\)".*/\1/p' "$work/record.json" |
		sed 's/\\n/\n/g' >"$work/$1.key"
	sed '/-END CERTIFICATE-/q' "$work/$1.pem" >"$work/$1.leaf"
	cp "$work/ca/intermediate.pem" "$work/$1.chain"
	json "$1" >"$work/$1.json"
	fingerprint=$(openssl x509 -in "$work/$1.leaf" -noout -fingerprint -sha256 |
		sed 's/.*=//; s/://g' | tr 'A-F' 'a-f')
}

# json NAME [FQDN]: the JSON body of an install.
json() {
	printf '{'
	[ $# -gt 1 ] && printf '"fqdn":"%s",' "$2"
	printf '"certificate":"%s","chain":"%s","private_key":"%s"}' \
		"$(sed 's/$/\\n/' "$work/$1.leaf" | tr -d '\n')" \
		"$(sed 's/$/\\n/' "$work/$1.chain" | tr -d '\n')" \
		"$(sed 's/$/\\n/' "$work/$1.key" | tr -d '\n')"
}

webhg2() {
	request POST /webhg2/whg1/certificates -F "host=$1" -F "certificate=@$work/$2.leaf" \
		-F "chain=@$work/$2.chain" -F "private_key=@$work/$2.key" "${@:3}"
}

put_json() {
	request PUT "$1" -H 'Content-Type: application/json' --data-binary "@$work/$2.json" "${@:3}"
}

faults() {
	request PUT /control/faults --data-binary "$1"
	check "fault script is taken" 204 "$status"
}

ledger_lines() {
	grep -c "$1" "$work/ledger"
}

"$estate" --out "$work/ca" ca || exit 99
start --client-ca "$work/ca/root.pem" --waf-rate 1000

# Who may do what.
certificate one www.example.jp ec-p256
one=$fingerprint
status=$(curl -s --cacert "$work/ca/root.pem" -o "$work/body" -w '%{http_code}' "https://$api/control/stats")
check "no token" 401 "$status"
check "a problem document" Unauthorized "$(field title)"
request GET /nowhere
check "no such path" 404 "$status"
request DELETE /webhg2/whg1/certificates
check "no such method" 405 "$status"
request GET "/webhg2/whg1/certificates?host=www.example.jp"
check "nothing installed so far" 404 "$status"
check "unknown SNI name: no certificate" "" "$(served webhg2 www.example.jp)"
check "unknown SNI name: its alert" 1 "$(grep -c 'alert number 112' "$work/handshake")"

# webhg2
webhg2 WWW.Example.jp one -H 'Idempotency-Key: key-1'
check "webhg2 installs" "200 $one" "$status $(field fingerprint_sha256)"
check "webhg2 is served" "$one" "$(served webhg2 www.example.jp)"
check "its chain is complete" 1 "$(grep -c 'Verify return code: 0 (ok)' "$work/handshake")"
webhg2 www.example.jp one -H 'Idempotency-Key: key-1'
check "the same key again is a replay" "200 true" "$status $(header idempotent-replayed)"
request GET "/webhg2/whg1/certificates?host=www.example.jp"
check "webhg2 says what is installed" "200 $one" "$status $(field fingerprint_sha256)"
certificate two www.example.jp rsa-2048
webhg2 www.example.jp two -H 'Idempotency-Key: key-1'
check "the same key for another certificate" 422 "$status"
check "and nothing was installed" "$one" "$(served webhg2 www.example.jp)"
webhg2 www.example.jp two -H 'Idempotency-Key: key-2'
check "a newer certificate" "200 $fingerprint" "$status $(served webhg2 www.example.jp)"
certificate wrong www.example.jp ec-p256
cp "$work/one.key" "$work/wrong.key"
webhg2 www.example.jp wrong
check "a key that does not belong" 422 "$status"
webhg2 mail.example.jp one
check "a name that is not covered" 422 "$status"
request POST /webhg2/whg1/certificates -H 'Content-Type: multipart/form-data' -d junk
check "a broken form" 400 "$status"

# docex
openssl pkcs12 -export -in "$work/one.leaf" -inkey "$work/one.key" -certfile "$work/one.chain" \
	-passout pass:secret -out "$work/one.p12"
printf '{"pkcs12":"%s","passphrase":"secret"}' "$(base64 -w0 "$work/one.p12")" >"$work/p12.json"
put_json /docex/doc1/hosts/www.example.jp/certificate p12
check "docex installs the first" 201 "$status"
put_json /docex/doc1/hosts/www.example.jp/certificate p12
check "docex installs again" 200 "$status"
check "docex is served" "$one" "$(served docex www.example.jp)"
printf '{"pkcs12":"%s","passphrase":"other"}' "$(base64 -w0 "$work/one.p12")" >"$work/p12.json"
put_json /docex/doc1/hosts/www.example.jp/certificate p12
check "docex with the wrong passphrase" 422 "$status"

# cloud-hosting, with a wildcard
certificate wild '*.example.jp' ec-p256
cat "$work/wild.key" "$work/wild.leaf" "$work/wild.chain" >"$work/wild.bundle"
request PUT '/cloud-hosting/ccw1/%2A.example.jp' -H 'Content-Type: application/x-pem-file' \
	--data-binary "@$work/wild.bundle"
check "cloud-hosting installs" "204 \"$fingerprint\"" "$status $(header etag)"
check "a wildcard serves one label" "$fingerprint" "$(served cloud-hosting mail.example.jp)"
check "and not two" "" "$(served cloud-hosting a.mail.example.jp)"
request GET '/cloud-hosting/ccw1/*.example.jp'
check "cloud-hosting says what is installed" "$fingerprint" "$(field fingerprint_sha256)"

# gio-ca
put_json /gio-ca/gca1/certificates/www.example.jp one
check "gio-ca takes no P-256" 422 "$status"
put_json /gio-ca/gca1/certificates/www.example.jp two
check "gio-ca installs" 200 "$status"
request GET /gio-ca/gca1/certificates/www.example.jp/status
check "gio-ca is done at once" done "$(field status)"

# idgw
json two www.example.jp >"$work/idgw.json"
request POST /idgw/idg1/certificate-requests -H 'Content-Type: application/json' \
	--data-binary "@$work/idgw.json"
check "idgw installs" 200 "$status"
check "idgw is served" "$(field fingerprint_sha256)" "$(served idgw www.example.jp)"

# waf and waf-group
put_json /waf/waf1/certificates/www.example.jp one
check "waf wants a client certificate" 403 "$status"
client=(--cert "$work/ca/client.pem" --key "$work/ca/client.key")
put_json /waf/waf1/certificates/www.example.jp one "${client[@]}"
check "waf installs" "200 $one" "$status $(served waf www.example.jp)"
put_json /waf/waf1/groups/g1/certificates/www.example.jp two "${client[@]}"
check "waf-group installs" 200 "$status"
check "waf-group is another service" "$(field fingerprint_sha256)" "$(served waf-group www.example.jp)"
check "waf keeps its own" "$one" "$(served waf www.example.jp)"

# The ledger
check "effects of key-1" 1 "$(ledger_lines '"idempotency_key":"key-1".*"effect":true')"
check "replays of key-1" 1 "$(ledger_lines '"idempotency_key":"key-1".*"replayed":true')"
check "the group is part of the code" 1 "$(ledger_lines '"code":"waf1:g1"')"
request GET /control/ledger
check "the ledger over HTTP" "$(wc -l <"$work/ledger")" "$(wc -l <"$work/body")"

# Faults
faults '[{"service":"webhg2","from":1,"to":1,"fault":"status","status":503,"retry_after":"7"},
	{"service":"webhg2","from":2,"to":2,"fault":"reset-before"},
	{"service":"webhg2","from":3,"to":3,"fault":"reset-after"},
	{"service":"webhg2","from":4,"to":4,"fault":"cut"},
	{"service":"webhg2","from":5,"to":5,"fault":"garbage"},
	{"service":"webhg2","from":6,"to":6,"fault":"refuse"},
	{"service":"webhg2","from":7,"to":7,"fault":"redirect","location":"https://127.0.0.1:1/"},
	{"service":"webhg2","from":8,"to":8,"fault":"delay","delay_ms":3000},
	{"service":"webhg2","from":9,"to":9,"fault":"stall"},
	{"service":"webhg2","from":10,"to":10,"fault":"drip","delay_ms":100},
	{"service":"webhg2","from":11,"to":11,"fault":"big","size":20000000},
	{"service":"webhg2","from":13,"to":13,"fault":"edge-wrong"},
	{"service":"webhg2","from":14,"to":14,"fault":"edge-old","delay_ms":600000}]'
certificate three three.example.jp ec-p256
webhg2 three.example.jp three
check "fault status" "503 7" "$status $(header retry-after)"
webhg2 three.example.jp three
check "fault reset-before" 56 "$result"
check "no effect so far" 0 "$(ledger_lines '"fqdn":"three.example.jp".*"effect":true')"
webhg2 three.example.jp three -H 'Idempotency-Key: key-3'
check "fault reset-after" 56 "$result"
check "it had its effect" "$fingerprint" "$(served webhg2 three.example.jp)"
webhg2 three.example.jp three
check "fault cut" 18 "$result"
webhg2 three.example.jp three
check "fault garbage" 1 "$result"
webhg2 three.example.jp three
check "fault refuse" 52 "$result"
webhg2 three.example.jp three
check "fault redirect" "307 https://127.0.0.1:1/" "$status $(header location)"
webhg2 three.example.jp three -m 1
check "fault delay, past the client's patience" 28 "$result"
webhg2 three.example.jp three -m 1
check "fault stall" 28 "$result"
webhg2 three.example.jp three -m 1
check "fault drip" 28 "$result"
webhg2 three.example.jp three
check "fault big" "200 20000000" "$status $(wc -c <"$work/body")"
webhg2 three.example.jp three -H 'Idempotency-Key: key-3'
check "a key whose answer was lost is replayed" "200 true" "$status $(header idempotent-replayed)"
check "and had one effect" 1 "$(ledger_lines '"idempotency_key":"key-3".*"effect":true')"
webhg2 three.example.jp three
check "fault edge-wrong" "200 0" "$status $([ "$(served webhg2 three.example.jp)" = "$fingerprint" ]; echo $((1 - $?)))"
three=$fingerprint
webhg2 www.example.jp one
check "fault edge-old" "200 $(openssl x509 -in "$work/two.leaf" -noout -fingerprint -sha256 |
	sed 's/.*=//; s/://g' | tr 'A-F' 'a-f')" "$status $(served webhg2 www.example.jp)"
head -c 3000000 /dev/zero | gzip -9 >"$work/bomb.gz"
faults "[{\"service\":\"webhg2\",\"from\":1,\"to\":1,\"fault\":\"file\",\"path\":\"$work/bomb.gz\",
	\"encoding\":\"gzip\"},{\"service\":\"webhg2\",\"fault\":\"file\",\"path\":\"$work/none\"}]"
webhg2 three.example.jp three --compressed
check "fault file, compressed" "200 3000000" "$status $(wc -c <"$work/body")"
webhg2 three.example.jp three
check "fault file, and there is none" 500 "$status"
request PUT /control/faults --data-binary '[{"fault":"nonsense"}]'
check "a fault that is none" 400 "$status"
request DELETE /control/faults
webhg2 three.example.jp three
check "no faults any more" "200 $three" "$status $(served webhg2 three.example.jp)"
stop

# Garbage on the ports, then asynchronous answers and the rate limit.
echo '[{"service":"waf","from":1,"to":1,"fault":"status","status":500}]' >"$work/script"
start --async --gio-spread 1h --idgw-delay 0s --waf-rate 1 --fault-script "$work/script"
head -c 100000 /dev/urandom >"/dev/tcp/${api%:*}/${api#*:}" 2>/dev/null
head -c 2000000 /dev/zero >"$work/large"
request PUT /waf/waf1/certificates/www.example.jp --data-binary "@$work/large"
check "a body of 2 MB" 413 "$status"
put_json /gio-ca/gca1/certificates/www.example.jp two
check "gio-ca takes its time" "202 spreading" "$status $(field status)"
check "the edge does not serve it yet" "" "$(served gio-ca www.example.jp)"
request GET /gio-ca/gca1/certificates/www.example.jp/status
check "gio-ca says so" spreading "$(field status)"
request POST /idgw/idg1/certificate-requests -H 'Content-Type: application/json' \
	--data-binary "@$work/idgw.json"
check "idgw says where to ask" "202 /idgw/idg1/certificate-requests/req-000001" \
	"$status $(header location)"
request GET /idgw/idg1/certificate-requests/req-000001
check "idgw is done" "200 done" "$status $(field status)"
# As long as it takes two of them to come within a second.
end=$((SECONDS + 60))
status=
until [ "$status" = 429 ] || [ $SECONDS -ge $end ]; do
	put_json /waf/waf1/certificates/www.example.jp one
done
check "waf limits its rate" "429 1" "$status $(header retry-after)"
check "a fault script given at the start" 1 "$(ledger_lines '"service":"waf".*"status":500')"
check "lines are counted on" "$(wc -l <"$work/ledger")" \
	"$(tail -n 1 "$work/ledger" | sed 's/.*"n":\([0-9]*\).*/\1/')"
stop

# TLS 1.0 alone
start --tls10-only
request GET /control/stats
check "TLS 1.0 alone: no modern client gets in" 35 "$result"
openssl s_client -connect "$api" -tls1 -cipher DEFAULT@SECLEVEL=0 </dev/null >"$work/handshake" 2>&1
check "one that speaks TLS 1.0 does" 1 "$(grep -c '^ *Protocol *: TLSv1$' "$work/handshake")"
stop

echo "1..$count"
[ "$failures" -eq 0 ]
