#!/bin/sh
# SPDX-License-Identifier: MIT
#
# No line is longer than 110 columns, in any file that people write; and C is as .clang-format says, where the
# version of clang-format is here that the tree is formatted with (others differ in details). Then proves that
# it would see a wrong one.
set -eu
root=${srcdir:-.}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
columns=110
version=14

# Files of the tree $1 that are nobody's data: expected texts, corpora and pictures are.
written_files()
{
    (
        cd "$1"
        for folder in bench compiler docs examples runtime specs templates tests; do
            test ! -d "$folder" || find "$folder" -type f
        done
        for name in *.md *.am *.ac bootstrap .ci/run; do
            test ! -f "$name" || echo "$name"
        done
    ) | grep -E '(\.([ch]|def|in|sh|py|awk|mk|am|ac|md|yaml|1)|bootstrap|\.ci/run)$' |
        grep -v -E -e '^tests/(golden/[^/]*|fuzz/corpus|oracle/data)/' -e '(^|/)Makefile\.in$' \
            -e '^templates/templates\.c$' | LC_ALL=C sort
}

# Prints the long lines of the tree $1; fails if there are any, or nothing was read. A character of UTF-8 is
# one column.
look()
{
    written_files "$1" >"$scratch/files"
    [ -s "$scratch/files" ] || return 1
    (cd "$1" && LC_ALL=C xargs awk -v columns=$columns '
        length($0) > columns {
            line = $0
            gsub(/[\200-\277]/, "", line)
            if (length(line) > columns) { print FILENAME ":" FNR ": " length(line) " columns"; faults++ }
        }
        END { exit faults > 0 }') <"$scratch/files"
}

# Prints the C files of the tree $1 that clang-format would change.
look_at_form()
{
    written_files "$1" | grep '\.[ch]$' | grep -v '^runtime/include/gpfc/kernel_abi\.h$' >"$scratch/files"
    (cd "$1" && xargs -P 2 -n 50 clang-format --dry-run) <"$scratch/files" 2>&1 |
        sed -n '/code should be clang-formatted/s/^\([^ :]*:[0-9]*\):.*/\1: not as clang-format has it/p' |
        LC_ALL=C sort -u >"$scratch/form"
    cat "$scratch/form"
    ! [ -s "$scratch/form" ]
}

must_be_reported()
{
    "$1" "$scratch/tree" >"$scratch/printed" && { echo "not reported: $2"; exit 1; }
    grep -q "^$2:" "$scratch/printed" || { echo "not reported: $2"; exit 1; }
}

look "$root" || exit 1
mkdir -p "$scratch/tree/compiler" "$scratch/tree/docs" "$scratch/tree/tests/golden/x"
line=$(printf "%${columns}s" x)
printf '%s\n' "$line" >"$scratch/tree/compiler/x.c"
printf '%s\n' "${line%x}ü" >"$scratch/tree/docs/x.md"
printf '%s\n' "$line more" >"$scratch/tree/tests/golden/x/x.yaml"
look "$scratch/tree" || { echo "good lines were reported"; exit 1; }
for name in compiler/x.def docs/x.md tests/x.sh Makefile.am; do
    printf '%s\n' x "x$line" >"$scratch/tree/$name"
    must_be_reported look "$name:2"
    rm "$scratch/tree/$name"
done

if ! clang-format --version 2>/dev/null | grep -q "version $version\."; then
    echo "C was not looked at: no clang-format $version"
    exit 77
fi
look_at_form "$root" || exit 1
cp "$root/.clang-format" "$scratch/tree"
printf 'int f(void)\n{\n    return 1;\n}\n' >"$scratch/tree/compiler/x.c"
look_at_form "$scratch/tree" || { echo "well-formed C was reported"; exit 1; }
printf 'int f( void )\n{\n  return 1;\n}\n' >"$scratch/tree/compiler/x.c"
must_be_reported look_at_form compiler/x.c:1
