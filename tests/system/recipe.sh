#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Is the recipe for a model in CONTRIBUTING.md all that it takes? recipe.patch follows it for an activation
# and a cost, in a copy of the tree and of its build, where what the patch touches is made anew. The tests of
# derivatives try the new words, gpfc and the trainer name them, and a training uses them.
command -v patch >/dev/null && command -v make >/dev/null || { echo "no patch or no make"; exit 77; }
build=${top_builddir:?}
find "$build/compiler" -name '*.Po' | grep -q . ||
    { echo "a build without dependency tracking: nothing is made anew"; exit 77; }
relative=${srcdir:-.}
. "${srcdir:-.}/tests/system/common.sh"

# ---- the copy --------------------------------------------------------------------------------------------
# The build stands to the sources as it did, by a path or by its place, so that what it knows of them is true.
copy=$scratch/1/2/3/4
case $relative in
/*) tree=$scratch/tree ;;
*) tree=$copy/$relative ;;
esac
mkdir -p "$copy" "$tree"
for entry in "$source"/*; do
    test -e "$entry/config.status" || cp -Rp "$entry" "$tree"
done
(cd "$build" && find . -type f \( -name '*.o' -o -name '*.Po' -o -name .dirstamp -o -name Makefile -o \
    -name config.status -o -name gpfc.pc -o -path ./templates/templates.c -o -path './generated/*' \) -print |
    tar cf - -T -) | (cd "$copy" && tar xf -)
if test "$tree" = "$scratch/tree"; then
    find "$copy" \( -name Makefile -o -name config.status -o -name '*.Po' \) \
        -exec sed -i "s|$relative|$tree|g" {} +
fi

# ---- the recipe ------------------------------------------------------------------------------------------
expect 0 "" patch -d "$tree" -p1 -s -i "$source/tests/system/recipe.patch"
for file in $(sed -n 's|^+++ b/||p' "$source/tests/system/recipe.patch"); do
    checks=$((checks + 1))
    grep -q "$(basename "$file")" "$source/CONTRIBUTING.md" || fault "CONTRIBUTING.md does not name $file"
done
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -j2 -C "$copy" CFLAGS=-O0 gpfc libgpfcrt.a tests/property/test_flow tests/property/test_flow_loss \
    >made 2>&1 || { tail -40 made; fault "what follows the recipe does not build"; finish 1; exit 1; }

# ---- what comes of it ------------------------------------------------------------------------------------
srcdir=$tree
export srcdir
expect 0 "" "$copy/tests/property/test_flow"
expect 0 "" "$copy/tests/property/test_flow_loss"

write_spec other 'cost: {kind: huber}'
sed 's/steps: 3/steps: 3, activation: erf/' other.yaml >new.yaml
GPFC_RUNTIME_DIR=$copy
export GPFC_RUNTIME_DIR
expect 0 "gaussian, folded, 3 -> 6 -> 1, erf, rk4 x 3" "$copy/gpfc" new.yaml
expect 0 "gaussian, folded, 3 -> 6 -> 1, erf, rk4 x 3, single" ./other info
expect 0 '"flow.activation": "erf"' ./other info --json
expect 0 "the error function" "$copy/gpfc" --help-spec

# 40 pairs: x is y + (2, 0). Before the flow they cost sqrt(5) - 1.
rows() # SHIFT
{
    echo a,b
    row=0
    while test $row -lt 40; do
        echo "$((row % 7 - 3 + $1)),$((row % 11 - 5))"
        row=$((row + 1))
    done
}
rows 2 >x.csv
rows 0 >y.csv
expect 0 '"cost_before": 1.23606' ./other train --json --data x.csv,y.csv --epochs 30 --out run
sed -n 's/.*"cost_after": \([0-9.]*\).*/\1/p' out | grep -q '^1\.[01]\|^0\.' || fault "no gain: $(cat out)"
finish 15
