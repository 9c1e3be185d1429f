#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The compiler's library as it is installed: header, archive and pkg-config's file are enough for a program
# that compiles a spec.
set -eu
command -v pkg-config >/dev/null || exit 77
root=$(cd "${srcdir:-.}" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fault() { echo "$*"; exit 1; }

make -s -C "$top_builddir" prefix="$scratch/gpfc" install-libLIBRARIES install-dist_gpfcincludeHEADERS \
    >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
sed "s,^prefix=.*,prefix=$scratch/gpfc,; s,^exec_prefix=.*,exec_prefix=$scratch/gpfc,; \
    s,^libdir=.*,libdir=$scratch/gpfc/lib,; s,^includedir=.*,includedir=$scratch/gpfc/include," \
    "$top_builddir/gpfc-compiler.pc" >"$scratch/gpfc-compiler.pc"
PKG_CONFIG_PATH=$scratch
export PKG_CONFIG_PATH
cd "$scratch"
cp "$root/examples/compile_a_spec.c" "$root/specs/moons.yaml" .
cc()
{
    # shellcheck disable=SC2086  # flags are words
    $CC -std=c11 -Wall -Wextra -Werror $GPFC_SANITIZE_FLAGS "$@"
}
eval "$(sed -n 's/^ \*  *\(cc .*\)/\1/p' compile_a_spec.c)" ||
    fault "the example does not build against what is installed"
./compile_a_spec moons.yaml moons.o >out || fault "the example fails"
grep -q '^flow: gaussian' out || fault "the flow is not described: $(cat out)"
grep -q '^moons.o: [0-9]* bytes for ' out || fault "the object is not reported: $(cat out)"
test -s moons.o || fault "no object"
if ./compile_a_spec absent.yaml absent.o 2>err >out; then fault "a missing spec is compiled"; fi
grep -q 'absent.yaml' err || fault "a missing spec is not reported"
