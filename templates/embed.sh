#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: embed.sh FILE...
# Writes C source on standard output that holds each file as an array of bytes with a NUL past its end:
# templates/library.h.in becomes  const char template_library_h_in[].
set -eu
printf '/* Made by templates/embed.sh. */\n#include "templates.h"\n'
for file; do
    name=$(basename "$file" | sed 's/[^A-Za-z0-9]/_/g')
    printf 'const char template_%s[] = {\n' "$name"
    od -An -v -tu1 "$file" | sed 's/  *\([0-9][0-9]*\)/\1,/g'
    printf '0};\n'
done
