#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The corpora of readers that need no library of others, under clang's memory sanitizer: no result depends on
# memory that nobody wrote. Libraries are built without it, so that what they write looks unwritten; readers
# that use jansson or LLVM are therefore left out. `make check-msan`; needs clang and its sanitizers.
set -eu
clang=${CLANG:-clang}
here=${srcdir:-.}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# shellcheck disable=SC2086  # flags are several words
sanitized()
{
    "$clang" -O1 -g -fsanitize=memory -fno-omit-frame-pointer -w '-DPACKAGE_VERSION="test"' \
        $GPFC_RUNTIME_CPPFLAGS -I"$here" -I"$here/tests" "$@"
}
printf 'int main(void) { return 0; }\n' >"$folder/x.c"
sanitized "$folder/x.c" -o "$folder/x" 2>/dev/null || { echo "$clang has no memory sanitizer here"; exit 77; }

for target in npy csv; do
    sanitized "$here/tests/fuzz/fuzz_$target.c" "$here"/tests/fuzz/replay.c "$here"/tests/fuzz/memory_file.c \
        "$here"/tests/fuzz/read_table.c "$here"/runtime/files/*.c \
        "$here"/runtime/ground/*.c "$here"/runtime/numbers/*.c "$here"/runtime/parquet/*.c \
        -o "$folder/fuzz_$target" -ljansson -lzip -lhwloc -lpthread -lm -ldl
    srcdir=$here "$folder/fuzz_$target" >"$folder/said" 2>&1 || { tail -40 "$folder/said"; exit 1; }
    echo "$target: $(tail -1 "$folder/said")"
done
