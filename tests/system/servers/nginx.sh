#!/usr/bin/env bash
# nginx as Debian builds it: a file put by WebDAV (key, leaf, chain) is what the next handshake with
# that name loads. It believes anything; only the handshake tells whether it was a certificate.
# shellcheck disable=SC2119
# shellcheck source=tests/system/servers/common.sh
. "$(dirname "$0")/common.sh"

servers_begin nginx nginx
mkdir "$scratch/certificates" "$scratch/temporary"

write_server_config() {
	cat >"$scratch/nginx.conf" <<-CONFIG
		daemon off;
		master_process off;
		pid $scratch/nginx.pid;
		events {}
		http {
		  access_log off;
		  client_body_temp_path $scratch/temporary;
		  proxy_temp_path $scratch/temporary;
		  fastcgi_temp_path $scratch/temporary;
		  uwsgi_temp_path $scratch/temporary;
		  scgi_temp_path $scratch/temporary;
		  map_hash_bucket_size 256;
		  map \$http_authorization \$known { default 0; "Bearer $token" 1; }
		  server {
		    listen 127.0.0.1:$api_port ssl;
		    ssl_certificate $estate/server.pem;
		    ssl_certificate_key $estate/server.key;
		    ssl_client_certificate $estate/root.pem;
		    ssl_verify_client on;
		    root $scratch;
		    location /certificates/ {
		      if (\$known = 0) { return 401; }
		      dav_methods PUT;
		      dav_access user:rw;
		      client_max_body_size 64k;
		      limit_except PUT { deny all; }
		    }
		  }
		  server {
		    listen 127.0.0.1:$edge_port ssl;
		    ssl_certificate $scratch/certificates/\$ssl_server_name.pem;
		    ssl_certificate_key $scratch/certificates/\$ssl_server_name.pem;
		    location / { return 200 "hello\n"; }
		  }
		}
	CONFIG
}

for _ in 1 2 3 4 5; do
	api_port=$(free_port)
	edge_port=$(free_port)
	write_server_config
	server_start "$api_port" nginx -e "$scratch/server.log" -c "$scratch/nginx.conf" && break
	server_stop
done
[ -n "$server_pid" ] || { cat "$scratch/server.log"; exit 1; }
api=127.0.0.1:$api_port
edge=127.0.0.1:$edge_port

# put FQDN CERTIFICATE KEY
put() {
	cat "$scratch/$3.key" "$scratch/$2.pem" >"$scratch/bundle.pem"
	request PUT "/certificates/$1.pem" -H 'Content-Type: application/x-pem-file' \
		--data-binary "@$scratch/bundle.pem"
}

certificate one --common-name www.example.jp
one=$leaf
certificate two --common-name www.example.jp
two=$leaf
fqdn=www.example.jp

check "nothing is served" "alert number 80" "$(edge_serves $fqdn)"
put $fqdn one one
check "create" 201 "$status"
check "it is served" "$one" "$(edge_serves $fqdn)"
put $fqdn two two
check "renew" 204 "$status"
check "the newer is served" "$two" "$(edge_serves $fqdn)"
put $fqdn two two
check "once more" 204 "$status"
request GET "/certificates/$fqdn.pem"
check "the key cannot be read back" 403 "$status"
put $fqdn one two
check "another's key is taken" 204 "$status"
check "and nothing is served any more" "alert number 80" "$(edge_serves $fqdn)"
put $fqdn two two
check "put right" "204 $two" "$status $(edge_serves $fqdn)"
head -c 100000 /dev/zero >"$scratch/large"
request PUT "/certificates/$fqdn.pem" --data-binary "@$scratch/large"
check "too large" 413 "$status"

# The daemon itself.
with_daemon nginx
fqdn=shop.example.jp
daemon_installs
check "the daemon creates" "0 $leaf" "$result $(edge_serves $fqdn)"
check "having looked before" "read-back=none push=done verify=served" "$(tries)"
daemon_installs
check "the daemon renews" "0 $leaf" "$result $(edge_serves $fqdn)"
check "having seen the older one" "read-back=old push=done verify=served" "$(tries)"
daemon_forgets
daemon_takes "$scratch/record.json"
check "what is served already is a success" "0 $leaf" "$result $(edge_serves $fqdn)"
check "without a push" "read-back=same verify=served" "$(tries)"
two=$leaf

token=wrong
put $fqdn one one
check "a wrong token" 401 "$status"
check "changes nothing" "$two" "$(edge_serves $fqdn)"

finish
