# A scratch installation for the demonstration, the system tests and the benchmarks; sourced after
# common.sh. Everything lies under $scratch and is gone with scratch_end.

# scratch_begin BUILD: the folder, a CA, secrets.
scratch_begin() {
	build=$1
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/certinstalld.XXXXXX")
	estate=$scratch/estate
	spool=$scratch/spool
	conf=$scratch/certinstalld.conf
	mock_pid=
	daemon_pid=
	mkdir -m 700 "$estate" "$spool" "$scratch/store"
	"$build/tests/tools/make-estate" --out "$estate" ca
}

scratch_end() {
	local pid

	for pid in $daemon_pid $mock_pid; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$scratch"
}

# wait_for SECONDS COMMAND…: until it succeeds.
wait_for() {
	local end=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# unpack PACKAGE: into $scratch, where its service is never started. As root, or with sudo, the lists
# are brought up to date where they do not have it.
unpack() {
	local update=(apt-get update -qq)

	[ "$(id -u)" -eq 0 ] || update=(sudo -n "${update[@]}")
	mkdir -p "$scratch/package"
	(
		cd "$scratch/package" || exit 1
		apt-get download -qq "$1" || { "${update[@]}" && apt-get download -qq "$1"; }
		dpkg-deb -x ./*.deb .
	) >"$scratch/package.log" 2>&1 || return 1
	PATH=$PATH:$scratch/package/usr/sbin:$scratch/package/usr/bin
}

listens() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_port: below the range that the kernel gives out by itself.
free_port() {
	local port

	while :; do
		port=$((20000 + RANDOM % 12000))
		if ! listens "$port"; then
			echo "$port"
			return
		fi
	done
}

# mock_start [ARGUMENT…]: the mocked services; their addresses are then in $scratch/ready.
mock_start() {
	rm -f "$scratch/ready"
	"$build/certinstall-mock" --listen 127.0.0.1:0 \
		--server-cert "$estate/server.pem" --server-key "$estate/server.key" \
		--token-file "$estate/token" --ready-file "$scratch/ready" \
		--ledger "$scratch/ledger" --client-ca "$estate/root.pem" "$@" \
		2>>"$scratch/mock.log" &
	mock_pid=$!
	wait_for 120 test -s "$scratch/ready"
}

mock_api() {
	awk '$1 == "api" { print $2 }' "$scratch/ready"
}

mock_edge() {
	awk -v service="$1" '$1 == "edge" && $2 == service { print $3 }' "$scratch/ready"
}

# write_config [LINE…]: a configuration with all under $scratch and the mock as every service; LINEs
# are added to its top level, the lines of $site_lines to each site. sites=no: the rules alone, so
# that nothing is sent; edges=no: without verification.
sites=yes
edges=yes
site_lines=
write_config() {
	local service line

	{
		cat <<-CONFIG
			store = "store/store.db"
			spool = "spool"
			services-dir = "$top/conf/services.d"
			runtime-dir = "run"
			user = ""
			sealing-key = "estate/sealing.key"
			trust = "estate/root.pem"
			intermediates = "estate/intermediate.pem"
		CONFIG
		for line; do
			printf '%s\n' "$line"
		done
		for service in webhg2 docex gio-ca cloud-hosting idgw waf waf-group; do
			[ "$sites" = yes ] || break
			cat <<-SITE
				site $service {
				  endpoint = "https://$(mock_api)"
				  token = "estate/token"
				  ca = "estate/root.pem"
				  verify-interval = "500ms"
			SITE
			[ "$edges" = no ] || printf '  edge = "%s"\n' "$(mock_edge "$service")"
			[ -z "$site_lines" ] || printf '%s\n' "$site_lines"
			case $service in
			waf*) printf '  client-certificate = "estate/client.pem"\n  client-key = "estate/client.key"\n' ;;
			esac
			printf '}\n'
		done
	} >"$conf"
}

# record ARGUMENT…: one record into the spool, as make-estate's "record" has it.
record() {
	local name=$1

	shift
	"$build/tests/tools/make-estate" --out "$estate" record --file "$spool/$name.json" "$@"
}

# served SERVICE FQDN: the fingerprint that the service's edge serves now, as openssl sees it.
served() {
	openssl s_client -connect "$(mock_edge "$1")" -servername "$2" </dev/null 2>/dev/null |
		openssl x509 -noout -fingerprint -sha256 2>/dev/null |
		sed 's/.*=//; s/://g' | tr 'A-F' 'a-f'
}

# fingerprint RECORD: of the leaf that a record file carries, as the program itself tells it.
fingerprint() {
	{ "$build/certinstallctl" explain --json --trust "$estate/root.pem" "$1" || true; } |
		sed -n 's/.*"fingerprint_sha256":"\([0-9a-f]*\)".*/\1/p'
}

certinstalld() {
	"$build/certinstalld" --config "$conf" "$@"
}
