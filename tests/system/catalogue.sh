#!/usr/bin/env bash
# journalctl compiles both catalogues and finds an entry for each event in the language of the locale.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
if ! command -v journalctl >/dev/null; then
	echo "SKIP: there is no journalctl here" >&2
	exit 77
fi
trap 'rm -rf "$root"' EXIT
root=$(mktemp -d "${TMPDIR:-/tmp}/certinstalld.XXXXXX")
mkdir -p "$root/usr/lib/systemd/catalog" "$root/var/lib/systemd/catalog" "$root/locale"
cp "$top/systemd/certinstalld.catalog" "$top/systemd/certinstalld.ja.catalog" \
	"$root/usr/lib/systemd/catalog"

# agrees NAME CATALOGUE: what journalctl has of each event is what the file says.
agrees() {
	journalctl --root="$root" --dump-catalog 2>&1 | grep -v '^$' | sort >"$root/found"
	grep -v '^#' "$2" | grep -v '^$' | sort >"$root/wanted"
	check "$1" "" "$(diff "$root/wanted" "$root/found" 2>&1 | head -n 20)"
}

journalctl --update-catalog --root="$root" >"$root/said" 2>&1
check "they compile" 0 $?
check "without a word" "" "$(cat "$root/said")"
LC_ALL=C agrees "in English" "$top/systemd/certinstalld.catalog"
if localedef -i ja_JP -f UTF-8 "$root/locale/ja_JP.UTF-8" >/dev/null 2>&1; then
	export LOCPATH=$root/locale LC_ALL=ja_JP.UTF-8
	agrees "in Japanese" "$top/systemd/certinstalld.ja.catalog"
else
	echo "SKIP: no Japanese locale can be made here (Debian: locales); what journalctl finds in" \
		"Japanese is not looked at" >&2
fi

system_end
