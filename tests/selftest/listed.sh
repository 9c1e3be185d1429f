#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every source file, spec and document is in the list of its folder, so that it is built and in a release; and
# no folder has more of them, headers aside, than one can look through. Then proves that it would see a wrong
# one.
set -eu
root=${srcdir:-.}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
most=25

# Prints the sources of the tree $1 that no local.mk names, and folders with too many; fails if there are any,
# or there was nothing to look at.
look()
{
    (
        cd "$1"
        set -- bench compiler runtime templates tests examples specs docs
        find "$@" -name local.mk -exec cat {} + >"$scratch/lists"
        find "$@" -name '*.[ch]' -o -name '*.def' -o -name '*.in' -o -name '*.sh' -o -name '*.py' -o \
            -name '*.awk' -o -name '*.md' -o -name '*.yaml' |
            grep -v -e '^tests/golden/[^/]*/' -e '^tests/fuzz/corpus/' | LC_ALL=C sort >"$scratch/files"
    )
    [ -s "$scratch/files" ] || return 1
    awk -v most=$most '
        FNR == NR { gsub(/[^A-Za-z0-9_.\/-]/, " "); for (i = 1; i <= NF; i++) listed[$i] = 1; next }
        !($0 in listed) { print "in no local.mk: " $0; faults++ }
        !/\.h$/ { folder = $0; sub(/\/[^\/]*$/, "", folder); n[folder]++ }
        END {
            for (folder in n)
                if (n[folder] > most) { print folder ": " n[folder] " files, more than " most; faults++ }
            exit faults > 0
        }' "$scratch/lists" "$scratch/files"
}

look "$root" || exit 1

for folder in bench compiler runtime templates tests examples specs docs; do
    mkdir -p "$scratch/tree/$folder"
done
echo 'x_SOURCES = compiler/x.c' >"$scratch/tree/compiler/local.mk"
: >"$scratch/tree/compiler/x.c"
look "$scratch/tree" || { echo "a listed file was reported"; exit 1; }
for stranger in compiler/xx.c bench/x.py tests/golden/x.c; do
    mkdir -p "$scratch/tree/tests/golden"
    : >"$scratch/tree/$stranger"
    ! look "$scratch/tree" >"$scratch/printed" || { echo "not reported: $stranger"; exit 1; }
    grep -qx "in no local.mk: $stranger" "$scratch/printed"
    rm "$scratch/tree/$stranger"
done
for i in $(seq $most); do
    : >"$scratch/tree/compiler/x$i.c"
    echo "x_SOURCES += compiler/x$i.c" >>"$scratch/tree/compiler/local.mk"
done
! look "$scratch/tree" >"$scratch/printed" || { echo "a large folder was not reported"; exit 1; }
grep -qx "compiler: $((most + 1)) files, more than $most" "$scratch/printed"
