#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make fuzz-coverage: how many lines of each reader of foreign bytes the corpora and the unit tests reach, by
# gcov, in a build of its own (./coverage-build). Prints a table and, with COVERAGE_LINES=yes, the lines that
# are not reached. The status is 1 where fewer than 95 of 100 lines of all of them are.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
goal=95
readers="runtime/files/byte_source.c runtime/files/csv_field.c runtime/files/csv_read.c
    runtime/files/npy_elements.c runtime/files/npy_header.c runtime/files/npy_read.c runtime/files/npz.c
    runtime/files/npz_place.c runtime/files/safetensors_checksum.c runtime/files/safetensors_read.c
    runtime/files/table_arrays.c runtime/files/table_columns.c runtime/files/table_names.c
    runtime/files/table_read.c runtime/files/table_text_read.c runtime/files/text_lines.c
    runtime/files/word_list.c runtime/data/samples_arrays.c runtime/data/samples_table.c
    runtime/data/samples_stream.c runtime/data/standard.c runtime/model/weights.c runtime/train/checkpoint.c
    runtime/train/metrics.c compiler/tune/wisdom_text.c
    compiler/tune/wisdom_file.c compiler/spec/spec_read.c compiler/spec/spec_tree.c compiler/spec/spec_field.c
    compiler/spec/spec_number.c"
mkdir -p coverage-build/logs
cd coverage-build
if [ ! -f config.status ]; then
    "$root/configure" --enable-coverage CC="$CC" CFLAGS="-O0 -g" >logs/configure 2>&1 ||
        { tail -n 5 logs/configure >&2; exit 1; }
fi
programs=$(printf '%s\n' $CHECK_PROGRAMS | grep -E -e '^tests/fuzz/' -e '^tests/golden/test_golden_spec' \
    -e '^tests/unit/runtime/(files|data|model|train)/' -e '^tests/unit/compiler/(spec|tune)/')
# shellcheck disable=SC2086  # one word a file
{ "${MAKE:-make}" -s $BUILT_SOURCES && "${MAKE:-make}" -s $programs; } >logs/build 2>&1 ||
    { tail -n 20 logs/build >&2; exit 1; }

find . -name '*.gcda' -exec rm -f {} +
srcdir=$root top_builddir=$PWD
export srcdir top_builddir
for program in $programs; do
    "$program" >"logs/$(basename "$program")" 2>&1 || echo "$program failed" >&2
done
for reader in $readers; do
    folder=$(dirname "$reader")
    object=$(find "$folder" -name "*-$(basename "$reader" .c).gcda")
    gcov -t "$object" 2>/dev/null | awk -F : -v reader="$reader" -v print_lines="${COVERAGE_LINES-no}" '
        $3 ~ /^Source$/ { mine = index($0, reader) > 0; next }
        !mine { next }
        { gsub(/ /, "", $1) }
        $1 == "-" { next }
        { lines++ }
        $1 ~ /^#|^=/ { missed++; if (print_lines == "yes") print "    " reader ":" $2 + 0 ":" substr($0, 17) }
        END { print reader, lines - missed, lines }'
done | awk -v goal=$goal '
    NF != 3 || $2 !~ /^[0-9]+$/ || $1 ~ /:/ { print; next }
    { printf "%-40s %4d of %4d lines  %5.1f %%\n", $1, $2, $3, 100 * $2 / $3; reached += $2; lines += $3 }
    END {
        printf "%-40s %4d of %4d lines  %5.1f %%\n", "all", reached, lines, 100 * reached / lines
        exit 100 * reached < goal * lines
    }'
