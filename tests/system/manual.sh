#!/usr/bin/env bash
# The manual's pages: sound mdoc, and the same options, keys and verbs as the programs have.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
build=$(cd "${top_builddir:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! command -v mandoc >/dev/null; then
	echo "mandoc is missing: the manual is not checked"
	exit 77
fi

# plain PAGE: its text in one line, so that where lines break does not count.
plain() {
	mandoc -T utf8 -O width=1000 "$1" 2>/dev/null | col -bx | tr -s ' \n' '  '
}

pages=(certinstalld.8 certinstallctl.1 certinstalld.conf.5 certinstalld-service.5
	certinstall-mock.1)
for page in "${pages[@]}"; do
	# Pages of other packages need not be installed here, nor ours.
	faults=$(mandoc -T lint "$top/doc/$page" 2>&1 |
		grep -Ev 'referenced manual not found|outdated mandoc.db')
	check "$page: lint" "" "$faults"
	plain "$top/doc/$page" >"$work/$page"
done

# ---- the keys of the configuration and of a profile ----

"$build/tests/tools/describe-options" >"$work/options"
lacking=
section=
rows=0
while IFS= read -r line; do
	case $line in
	\[*\])
		section=${line#[}
		section=${section%]}
		continue
		;;
	$'\t'*) text="$key ${line#$'\t'}" ;;
	*)
		key=$line
		continue
		;;
	esac
	rows=$((rows + 1))
	page=certinstalld-service.5
	[ "$section" != main ] || page=certinstalld.conf.5
	grep -qF -- "$text" "$work/$page" || lacking+="$page: $text"$'\n'
done <"$work/options"
check "each key as the tables have it" "" "$lacking"
check "and there were some" yes "$([ "$rows" -gt 100 ] && echo yes)"

# words FILE: the long options that it names, one a line.
words() {
	grep -oE -- '--[a-z][a-z0-9-]*[a-z0-9]' "$1" | sort -u
}

# same NAME HELP PAGE: both name the same options.
same() {
	check "$1: the same options in --help and manual" "" \
		"$(diff <(words "$2") <(words "$3") | grep '^[<>]')"
}

"$build/certinstalld" --help >"$work/help"
same certinstalld "$work/help" "$work/certinstalld.8"
"$build/certinstall-mock" --help >"$work/help"
same certinstall-mock "$work/help" "$work/certinstall-mock.1"

# ---- the verbs ----

"$build/certinstallctl" --help >"$work/help"
mapfile -t verbs < <(awk '/^  [a-z]/ { print $1 }' "$work/help")
check "the verbs, in order" "${verbs[*]}" \
	"$(sed -n 's/^\.It Ic \([a-z-]*\).*/\1/p' "$top/doc/certinstallctl.1" | paste -sd ' ')"
for verb in "${verbs[@]}"; do
	"$build/certinstallctl" "$verb" --help >"$work/help" 2>&1
	# From the verb's item to the next one's.
	awk -v verb="$verb" '/^\.It Ic / { inside = $3 == verb } inside' "$top/doc/certinstallctl.1" \
		>"$work/item.mdoc"
	grep -oE 'Fl -[a-z][a-z0-9-]*' "$work/item.mdoc" | sed 's/Fl -/--/' >"$work/item"
	# What all verbs have is told once.
	check "certinstallctl $verb: the same options" "" \
		"$(diff <(words "$work/help" | grep -vxE -- '--(config|json|help)') \
			<(words "$work/item" | sort -u | grep -vxE -- '--(config|json|help)') |
			grep '^[<>]')"
done

echo "1..$cases"
[ "$failures" -eq 0 ]
