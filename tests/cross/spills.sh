#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Registers of vectors in the hot loops of the shipped specs, judged by the assembly text for several
# machines. Hot are the innermost loops of contractions and totals in which at least two instructions of five
# multiply and add vectors: sums, with what is fused to them where a nest is unrolled. One of them that does
# little else (three of five) saves no vector on the stack and fetches none; of the others at most one
# instruction in ten does.
set -eu

[ -z "${GPFC_SANITIZE_FLAGS-}" ] || exit 77 # the text would be the same, minutes later

here=${srcdir:-.}/tests/cross
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/loops"
bad=0

# Specs whose programs are not those of another, one a line.
distinct()
{
    for spec in "${srcdir:-.}"/specs/*.yaml; do
        "$GPFC" -q "$spec" --emit=ir -o "$folder/program.ir"
        echo "$(cksum <"$folder/program.ir") $spec"
    done | sort -u -k1,2 | awk '{ print $3 }'
}

# $1: spec; the CPUs follow
loops_of()
{
    spec=$1
    shift
    for cpu in "$@"; do
        file=$(basename "$spec" .yaml).$cpu
        "$GPFC" -q --no-wisdom "$spec" --cpu="$cpu" --emit=asm -o "$folder/$file.s"
        awk -f "$here/loops.awk" "$folder/$file.s" | sed "s/^/$file /" >"$folder/loops/$file"
        rm "$folder/$file.s"
    done
}

for spec in $(distinct); do
    loops_of "$spec" haswell neoverse-n1 &
    other=$!
    loops_of "$spec" skylake-avx512 znver3
    wait "$other"
done
cat "$folder"/loops/* | awk '$2 ~ /_(contract|total)_/ && 5 * $4 >= 2 * $3' >"$folder/hot"
[ "$(wc -l <"$folder/hot")" -gt 2000 ] || { echo "hardly a hot loop: $(wc -l <"$folder/hot")"; bad=1; }
awk '$6 > 0 && (10 * $6 > $3 || 5 * $4 >= 3 * $3)' "$folder/hot" >"$folder/spills"
while read -r file name instructions products _ saved; do
    echo "$file: $name has a loop of $instructions instructions, $products products," \
        "of which $saved save or fetch a vector"
    bad=1
done <"$folder/spills"
exit $bad
