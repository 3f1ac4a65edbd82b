#!/usr/bin/env bash
# Caddy, through the administration API that it has itself, with TLS, client certificate and bearer
# token put in front by a site of its own.
# shellcheck disable=SC2119
# shellcheck source=tests/system/servers/common.sh
. "$(dirname "$0")/common.sh"

servers_begin caddy caddy
socket=unix/$scratch/admin.sock

# The API listens on a socket; its own protection wants a host name that it knows.
write_server_config() {
	cat >"$scratch/caddy.json" <<-CONFIG
		{"admin": {"listen": "$socket", "origins": ["localhost"], "config": {"persist": false}},
		 "storage": {"module": "file_system", "root": "$scratch/storage"},
		 "apps": {
		  "tls": {"certificates": {
		   "load_files": [{"certificate": "$estate/server.pem", "key": "$estate/server.key",
		    "tags": ["admin"]}],
		   "load_pem": []}},
		  "http": {"servers": {
		   "admin": {"listen": ["127.0.0.1:$api_port"], "automatic_https": {"disable": true},
		    "strict_sni_host": false, "protocols": ["h1", "h2"],
		    "tls_connection_policies": [{"certificate_selection": {"any_tag": ["admin"]},
		     "client_authentication": {"mode": "require_and_verify",
		      "trusted_ca_certs": ["$(openssl x509 -in "$estate/root.pem" -outform DER | base64 -w0)"]}}],
		    "routes": [
		     {"match": [{"header": {"Authorization": ["Bearer $token"]}}],
		      "handle": [{"handler": "reverse_proxy", "upstreams": [{"dial": "$socket"}],
		       "headers": {"request": {"set": {"Host": ["localhost"]}}}}]},
		     {"handle": [{"handler": "static_response", "status_code": 401}]}]},
		   "edge": {"listen": ["127.0.0.1:$edge_port"], "automatic_https": {"disable": true},
		    "protocols": ["h1", "h2"], "tls_connection_policies": [{}],
		    "routes": [{"handle": [{"handler": "static_response", "body": "hello"}]}]}}}}}
	CONFIG
}

for _ in 1 2 3 4 5; do
	api_port=$(free_port)
	edge_port=$(free_port)
	write_server_config
	server_start "$api_port" env HOME="$scratch" caddy run --config "$scratch/caddy.json" && break
	server_stop
done
[ -n "$server_pid" ] || { cat "$scratch/server.log"; exit 1; }
api=127.0.0.1:$api_port
edge=127.0.0.1:$edge_port
list=/config/apps/tls/certificates/load_pem

# body CERTIFICATE KEY FQDN
body() {
	printf '{"@id":"certificate-%s","certificate":"%s","key":"%s"}' "$3" \
		"$(json_text "$scratch/$1.pem")" "$(json_text "$scratch/$2.key")" >"$scratch/request.json"
}

send() {
	request "$1" "$2" -H 'Content-Type: application/json' --data-binary "@$scratch/request.json"
}

# put FQDN: replace, and where there is nothing to replace, append. $steps: the statuses on the way.
put() {
	send PATCH "/id/certificate-$1"
	steps=$status
	if [ "$status" = 404 ]; then
		send POST "$list"
		steps="$steps $status"
	fi
}

# installed FQDN: the fingerprint of what the server says that it holds.
installed() {
	request GET "/id/certificate-$1/certificate"
	answer_pem | pem_fingerprint
}

certificate one --common-name www.example.jp
one=$leaf
certificate two --common-name www.example.jp
two=$leaf
certificate other --common-name other.example.jp
other=$leaf
fqdn=www.example.jp

check "nothing is installed" "" "$(installed $fqdn)"
request GET "/id/certificate-$fqdn/certificate"
check "nothing is told by 404 and a sentence" "404 1" "$status $(answer_has 'unknown object ID')"
check "nothing is served" "alert number 80" "$(edge_serves $fqdn)"

body one two $fqdn
put $fqdn
check "a first one with another's key" "404 500" "$steps"
check "the answer says so" 1 "$(answer_has 'private key does not match public key')"
check "nothing came of it" "" "$(installed $fqdn)"

body one one $fqdn
put $fqdn
check "create" "404 200" "$steps"
check "the answer is empty" 0 "$(stat -c %s "$scratch/body")"
check "it is installed" "$one" "$(installed $fqdn)"
check "it is served" "$one" "$(edge_serves $fqdn)"
put $fqdn
check "once more" 200 "$steps"

body other other other.example.jp
put other.example.jp
check "create another" "404 200" "$steps"
check "the other is served" "$other" "$(edge_serves other.example.jp)"

body two two $fqdn
put $fqdn
check "renew" 200 "$steps"
check "the newer is installed" "$two" "$(installed $fqdn)"
check "the newer is served" "$two" "$(edge_serves $fqdn)"
check "the other still is" "$other" "$(edge_serves other.example.jp)"
request GET "$list"
check "no entry was doubled" 2 "$(grep -o '"@id"' "$scratch/body" | wc -l)"

body one two $fqdn
put $fqdn
check "renew with another's key" "500 1" "$steps $(answer_has 'private key does not match')"
printf 'nonsense\n' >"$scratch/junk.pem"
body junk two $fqdn
put $fqdn
check "renew with no PEM" "500 1" "$steps $(answer_has 'failed to find any PEM data')"
printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' >"$scratch/junk.pem"
body junk two $fqdn
put $fqdn
check "renew with no certificate" "500 1" "$steps $(answer_has 'x509: malformed certificate')"
printf '{"a' >"$scratch/request.json"
put $fqdn
check "renew with no JSON" "500 1" "$steps $(answer_has 'decoding request body')"
check "the newer is installed still" "$two" "$(installed $fqdn)"
check "the newer is served still" "$two" "$(edge_serves $fqdn)"

# The daemon itself.
fqdn=shop.example.jp
with_daemon caddy
daemon_installs
check "the daemon creates" "0 $leaf" "$result $(edge_serves $fqdn)"
check "which the server tells" "$leaf" "$(installed $fqdn)"
check "in two steps" "read-back=none push=next-step push=done verify=served" "$(tries)"
daemon_installs
check "the daemon renews" "0 $leaf" "$result $(edge_serves $fqdn)"
check "in one" "read-back=other push=done verify=served" "$(tries)"
request GET "$list"
check "no entry was doubled by it" 3 "$(grep -o '"@id"' "$scratch/body" | wc -l)"
daemon_forgets
daemon_takes "$scratch/record.json"
check "what is there already is a success" "0 $leaf" "$result $(edge_serves $fqdn)"
check "without a push" "read-back=same verify=served" "$(tries)"
daemon_takes_brainpool
check "what the server refuses by 500 fails for good" \
	"1 failed read-back=other push=permanent" \
	"$result $(job | grep -o '"state":"[a-z]*"' | cut -d'"' -f4) $(tries)"
check "with its words" 1 "$(job | grep -c '"detail":"[^"]*unsupported elliptic curve')"
check "and the older is served still" "$leaf" "$(edge_serves $fqdn)"

token=wrong
request GET "/id/certificate-$fqdn/certificate"
check "a wrong token" 401 "$status"

finish
