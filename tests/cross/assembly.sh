#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Code for machines that may not be here, judged by its text: vectors are as wide as the registers, nothing is
# called but the nests of the program itself and memory functions, and sums stay in registers in the innermost
# loops.
#
# Contractions must not touch the stack there at all. Totals may a little: one that sums over nothing but the
# batch is a single step, whose sums are added up over lanes in the same loop.
set -eu

here=${srcdir:-.}/tests/cross
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad=0
precision=own
fewest=500

complain()
{
    echo "$*"
    bad=1
}

spec()
{
    cat <<END
name: assembly
dimension: $1
data: {pairs: none.npz}
flow: {field: gaussian, hidden: [$2], steps: 15}
train: {epochs: 1}
target: {precision: $precision}
END
}

# What is called, but for functions of the file itself.
strangers()
{
    awk '
        /^[A-Za-z_][A-Za-z0-9_.]*:/ { name = $1; sub(/:.*/, "", name); mine[name] = 1 }
        /^[\t ]+(callq?|bl|jmp|b)[\t ]+[A-Za-z_]/ { name = $2; sub(/@PLT/, "", name); called[name] = 1 }
        END {
            for (name in called)
                if (!(name in mine) && name !~ /^mem(cpy|set|move)$/)
                    print name
        }' "$1"
}

# $1: CPU; $2: dimension; $3: widths; $4: what a product of whole vectors looks like; $5: share of a total's
# products that may go by the stack
check()
{
    what="d = $2, $1"
    spec "$2" "$3" >"$folder/assembly.yaml"
    "$GPFC" -q "$folder/assembly.yaml" --cpu="$1" --emit=asm -o "$folder/out.s"
    awk -f "$here/loops.awk" "$folder/out.s" | awk '$1 ~ /_(contract|total)_/ && $3 > 0' >"$folder/loops"
    [ "$(grep -cE "$4" "$folder/out.s")" -gt "$fewest" ] || \
        complain "$what: hardly a product of whole vectors ($4)"
    [ "$(wc -l <"$folder/loops")" -gt 20 ] || complain "$what: hardly a loop of contractions or totals"
    for stranger in $(strangers "$folder/out.s"); do
        complain "$what: calls $stranger"
    done
    awk '$1 ~ /_contract_/ && $4 > 0' "$folder/loops" >"$folder/spills"
    awk -v share="$5" '$1 ~ /_total_/ && $4 > share * $3' "$folder/loops" >>"$folder/spills"
    while read -r name instructions products stack _; do
        complain "$what: $name has a loop of $instructions instructions, $products products," \
            "that goes $stack times by the stack"
    done <"$folder/spills"
}

for size in "2 15,15" "10 50,50,50"; do
    set -- $size
    check skylake-avx512 "$1" "$2" 'vfn?madd[0-9]+ps.*%zmm[0-9]+$' 0.25
    check haswell "$1" "$2" 'vfn?madd[0-9]+ps.*%ymm[0-9]+$' 0.25
    check x86-64 "$1" "$2" '[^v]mulps.*%xmm[0-9]+$' 0.25
    check neoverse-n1 "$1" "$2" 'fml[as][[:space:]].*\.4s' 0.25
done

# Pairs of bfloat16 numbers, where the processor has instructions for them; emulated: whether they pay is
# another question.
precision=emulated
fewest=200
check znver4 10 50,50,50 'vdpbf16ps.*%zmm[0-9]+$' 0.25
check sapphirerapids 10 50,50,50 'vdpbf16ps.*%zmm[0-9]+$' 0.25
exit $bad
