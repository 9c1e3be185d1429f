#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every source file, spec and document is in the list of its folder, so that it is built and in a release.
# Then proves that it would see one that is not.
set -eu
root=${srcdir:-.}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Prints the sources of the tree $1 that no local.mk names; fails if there are any, or there was nothing to
# look at.
look()
{
    (
        cd "$1"
        find compiler runtime templates tests examples specs docs -name local.mk -exec cat {} + >"$scratch/lists"
        find compiler runtime templates tests examples specs docs \
            -name '*.[ch]' -o -name '*.def' -o -name '*.in' -o -name '*.sh' -o -name '*.py' -o -name '*.awk' \
            -o -name '*.md' -o -name '*.yaml' | grep -v -e '^tests/golden/' -e '^tests/fuzz/corpus/' |
            LC_ALL=C sort >"$scratch/files"
    )
    [ -s "$scratch/files" ] || return 1
    awk 'FNR == NR { gsub(/[^A-Za-z0-9_.\/-]/, " "); for (i = 1; i <= NF; i++) listed[$i] = 1; next }
        !($0 in listed) { print "in no local.mk: " $0; faults++ }
        END { exit faults > 0 }' "$scratch/lists" "$scratch/files"
}

look "$root" || exit 1

mkdir -p "$scratch/tree/compiler" "$scratch/tree/runtime" "$scratch/tree/templates" "$scratch/tree/tests" \
    "$scratch/tree/examples" "$scratch/tree/specs" "$scratch/tree/docs"
echo 'x_SOURCES = compiler/x.c' >"$scratch/tree/compiler/local.mk"
: >"$scratch/tree/compiler/x.c"
look "$scratch/tree" || { echo "a listed file was told"; exit 1; }
: >"$scratch/tree/compiler/xx.c"
! look "$scratch/tree" >/dev/null || { echo "an unlisted file was not told"; exit 1; }
