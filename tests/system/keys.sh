# shellcheck shell=bash
# Which bytes of private keys are never to be found, and where; sourced after lib.sh. Bash.

# keys_begin: $lines gets lines of keys' PEM, $needles names and hexadecimal digits.
keys_begin() {
	needles=$scratch/needles
	lines=$scratch/lines
	: >"$needles"
	: >"$lines"
}

# member NAME FILE: a text member of a record, its escapes undone.
member() {
	sed -n "s/.*\"$1\": *\"\\([^\"]*\\)\".*/\\1/p" "$2" | sed 's/\\n/\n/g; s/\\\//\//g'
}

hex() {
	od -An -v -tx1 | tr -d ' \n'
}

# reversed HEX: the order in which a big number lies in memory here.
reversed() {
	fold -w2 <<<"$1" | tac | tr -d '\n'
}

# part KEY-FILE FIELD: the hexadecimal digits of "priv", "privateExponent", "prime1" …
part() {
	openssl pkey -in "$1" -noout -text | awk -v field="$2:" '
		index($0, field) == 1 { on = 1; next } on && /^ / { print; next } { on = 0 }' |
		tr -d ' :\n' | sed 's/^00//'
}

# remember NAME KEY-FILE: what is never to be found.
remember() {
	local field digits

	sed '/-----/d' "$2" | awk 'length == 64' | tee -a "$lines" | awk -v name="$1" \
		'{ print name "-pem-line-" NR, $0 }' | while read -r name text; do
		printf '%s %s\n' "$name" "$(printf %s "$text" | hex)"
	done >>"$needles"
	for field in priv private-exponent privateExponent prime1 prime2 exponent1; do
		digits=$(part "$2" "$field")
		[ -n "$digits" ] || continue
		printf '%s-%s %s\n' "$1" "$field" "${digits:0:48}" >>"$needles"
		digits=$(reversed "$digits")
		printf '%s-%s-reversed %s\n' "$1" "$field" "${digits:0:48}" >>"$needles"
	done
}

# take NAME ARGUMENT…: a record whose key is remembered before the spool has it.
take() {
	local name=$1 file=$scratch/$1.json

	shift
	"$build/tests/tools/make-estate" --out "$estate" record --file "$file" --contract "ssl-$name" \
		--common-name "$name.example.jp" --at 2026-11-02T10:00:00+09:00 --days 8000 "$@"
	if grep -q '"pkcs12"' "$file"; then
		member pkcs12 "$file" | base64 -d >"$scratch/$name.p12"
		openssl pkcs12 -in "$scratch/$name.p12" -passin "pass:$(member passphrase "$file")" \
			-nocerts -nodes 2>/dev/null | openssl pkey >"$scratch/$name.key"
		printf '%s-passphrase %s\n' "$name" "$(member passphrase "$file" | tr -d '\n' | hex)" \
			>>"$needles"
		member pkcs12 "$file" | cut -c 200-263 >>"$lines"
		printf '%s-pkcs12 %s\n' "$name" "$(member pkcs12 "$file" | cut -c 200-263 |
			tr -d '\n' | hex)" >>"$needles"
	else
		member private_key "$file" >"$scratch/$name.key"
	fi
	remember "$name" "$scratch/$name.key"
	mv "$file" "$spool/.$name" && mv "$spool/.$name" "$spool/$name.json"
}

# search_memory: of the daemon, which has come to rest.
search_memory() {
	local tool=$top/tests/tools/search-memory

	if [ "$(id -u)" -ne 0 ]; then
		"$tool" "$daemon_pid" </dev/null >/dev/null 2>&1
		check "an ordinary user, even its own, cannot read its memory" 2 $?
		return
	fi
	printf 'spool %s\n' "$(printf %s "$spool" | hex)" | "$tool" "$daemon_pid" >"$scratch/found"
	check "its memory can be searched" 1 $?
	# Connections, and what libraries keep for them, are closed some seconds after the work.
	wait_for 120 sh -c "'$tool' $daemon_pid <'$needles' >'$scratch/found' 2>&1"
	check "no key is in the daemon's memory" 0 $?
	cut -c 1-250 "$scratch/found" | head -n 40
}
