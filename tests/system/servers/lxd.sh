#!/usr/bin/env bash
# LXD: its API speaks TLS itself, wants a client certificate, and takes the certificate that it then
# serves on the same port. It has one certificate, whatever the name that is asked for. It is none of
# make check's tests: it wants root and an installed lxd, with all that belongs to it.
# shellcheck source=tests/system/servers/common.sh
. "$(dirname "$0")/common.sh"

[ "$(id -u)" -eq 0 ] || skip "lxd runs as root alone"
command -v lxd >/dev/null || skip "lxd is not installed"
servers_begin lxd lxd
export LXD_DIR=$scratch/lxd
mkdir -m 711 "$LXD_DIR"

# It leaves its mounts behind.
lxd_end() {
	server_stop
	for point in devlxd shmounts; do
		umount -l "$LXD_DIR/$point" 2>/dev/null || true
	done
	scratch_end
}
trap lxd_end EXIT

server_begin() {
	lxd --group root >>"$scratch/server.log" 2>&1 &
	server_pid=$!
	timeout 30 lxd waitready
}

local_request() {
	curl -s --fail-with-body --unix-socket "$LXD_DIR/unix.socket" -X "$1" --data-binary "$3" \
		"http://lxd$2" >>"$scratch/server.log"
}

# body CERTIFICATE KEY
body() {
	printf '{"cluster_certificate":"%s","cluster_certificate_key":"%s"}' \
		"$(json_text "$1.pem")" "$(json_text "$2.key")" >"$scratch/request.json"
}

put() {
	request PUT /1.0/cluster/certificate -H 'Content-Type: application/json' \
		--data-binary "@$scratch/request.json"
}

# Its settings are made on its socket: an address, the client that it trusts, a cluster of one (its
# certificate cannot be changed without), and a first certificate by which the API is known.
server_begin || { cat "$scratch/server.log"; exit 1; }
for _ in 1 2 3 4 5; do
	port=$(free_port)
	local_request PATCH /1.0 "{\"config\":{\"core.https_address\":\"127.0.0.1:$port\",\"cluster.https_address\":\"127.0.0.1:$port\"}}" && break
	port=
done
[ -n "$port" ] || { cat "$scratch/server.log"; exit 1; }
api=localhost:$port
edge=127.0.0.1:$port
local_request POST /1.0/certificates "{\"type\":\"client\",\"name\":\"certinstalld\",\"certificate\":\"$(openssl x509 -in "$estate/client.pem" -outform DER | base64 -w0)\"}"
local_request PUT /1.0/cluster '{"server_name":"one","enabled":true}'
clustered() {
	curl -s --unix-socket "$LXD_DIR/unix.socket" http://lxd/1.0 | grep -q '"server_clustered":true'
}
wait_for 120 clustered
body "$estate/server" "$estate/server"
local_request PUT /1.0/cluster/certificate "@$scratch/request.json"

# installed: the fingerprint that the server tells, and the one of the certificate that it shows.
installed() {
	request GET /1.0
	sed -n 's/.*"certificate_fingerprint":"\([0-9a-f]*\)".*/\1/p' "$scratch/body"
}

shown() {
	request GET /1.0
	answer_pem | pem_fingerprint
}

# The API is known by the same certificate, so that it needs the API's name too.
certificate one --item bring-in --common-name www.example.jp --san localhost
one=$leaf
certificate two --item bring-in --common-name www.example.jp --san localhost
two=$leaf
fqdn=www.example.jp

check "another certificate is installed" "$(pem_fingerprint <"$estate/server.pem")" "$(installed)"
body "$scratch/one" "$scratch/one"
put
check "install" "200 1" "$status $(answer_has '"type":"sync".*"error_code":0')"
check "it is installed, as told" "$one" "$(installed)"
check "it is installed, as shown" "$one" "$(shown)"
check "it is served" "$one" "$(edge_serves $fqdn)"
put
check "once more" 200 "$status"
body "$scratch/two" "$scratch/two"
put
check "renew" 200 "$status"
check "the newer is installed" "$two" "$(installed)"
check "the newer is served" "$two" "$(edge_serves $fqdn)"

printf 'nonsense\n' >"$scratch/junk.pem"
body "$scratch/junk" "$scratch/two"
put
check "no PEM" "400 1" "$status $(answer_has 'Certificate must be base64 encoded PEM')"
printf '{"a' >"$scratch/request.json"
put
check "no JSON" "400 1" "$status $(answer_has 'unexpected EOF')"
body "$scratch/one" "$scratch/two"
put
check "another's key" "500 1" "$status $(answer_has 'private key does not match public key')"
check "the newer is served still" "$two" "$(edge_serves $fqdn)"
check "but what was refused lies on its disk" "$one" "$(pem_fingerprint <"$LXD_DIR/cluster.crt")"
body "$scratch/two" "$scratch/two"
put
check "and is put right by the next install" "200 $two" \
	"$status $(pem_fingerprint <"$LXD_DIR/cluster.crt")"

# The daemon itself.
with_daemon lxd
daemon_installs --san localhost
check "the daemon installs" "0 $leaf" "$result $(edge_serves $fqdn)"
check "having asked before" "read-back=other push=done verify=served" "$(tries)"
daemon_installs --san localhost
check "the daemon renews" "0 $leaf" "$result $(edge_serves $fqdn)"
check "which the server tells" "$leaf" "$(installed)"
daemon_forgets
daemon_takes "$scratch/record.json"
check "what is there already is a success" "0 $leaf" "$result $(edge_serves $fqdn)"
check "without a push" "read-back=same verify=served" "$(tries)"
daemon_takes_brainpool localhost
check "what the server refuses by 500 fails for good" \
	"1 failed read-back=other push=permanent" \
	"$result $(job | grep -o '"state":"[a-z]*"' | cut -d'"' -f4) $(tries)"
check "with its words" 1 "$(job | grep -c '"detail":"[^"]*unsupported elliptic curve')"
check "and the older is served still" "$leaf" "$(edge_serves $fqdn)"

mv "$estate/client.pem" "$estate/trusted.pem"
mv "$estate/client.key" "$estate/trusted.key"
cp "$estate/server.pem" "$estate/client.pem"
cp "$estate/server.key" "$estate/client.key"
put
check "a client that it does not know" "403 1" "$status $(answer_has 'not authorized')"

finish
