#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Which folder may include which, and who may see a library. The table is the map of the tree: a folder stands
# above those that it includes, so that no row names a row further down. Checked by the #include lines and by
# what the compiler really reads ($CC -M), directly or through other headers; a permission that nobody uses is
# a fault as well. Then proves that it would see each of these.
set -eu
root=${srcdir:-.}
build=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ -z "${GPFC_COMPILER_CPPFLAGS-}" ] || [ -z "${GPFC_RUNTIME_CPPFLAGS-}" ]; then
    echo "needs the flags of the build: make check TESTS=tests/selftest/includes.sh"
    exit 1
fi

# folder, then every other folder whose headers its files name. gpfc is runtime/include/gpfc and what the
# build makes for it, api is compiler/gpfc.h, and compiler is what stands beside that.
mkdir "$scratch/real"
cat >"$scratch/real/folders" <<'END'
templates
gpfc
api
base
spec base
model base spec gpfc
ir base
diff ir
pass ir
ode model ir
flow model ir diff pass ode
baseflow model ir diff pass ode
target base
bundle ir gpfc
plan ir
sched base ir plan target
emit_llvm ir plan sched target bundle
tune base ir sched gpfc
emit_c ir plan bundle templates gpfc
emit_cuda ir plan sched bundle templates
drive base spec model diff pass flow baseflow ode target sched plan bundle
drive emit_llvm emit_c emit_cuda tune templates gpfc api
compiler base drive api
command base spec sched tune gpfc api
runtime/ground
runtime/numbers runtime/ground
runtime/files runtime/ground
runtime/parquet runtime/ground runtime/files
runtime/look runtime/ground runtime/numbers gpfc
runtime/data runtime/ground runtime/numbers runtime/files runtime/look
runtime/kernels runtime/ground runtime/numbers gpfc
runtime/nvrtc runtime/ground
runtime/cuda runtime/ground runtime/kernels runtime/nvrtc gpfc
runtime/devices runtime/kernels runtime/cuda
runtime/base runtime/ground runtime/numbers runtime/files runtime/data runtime/kernels gpfc
runtime/model runtime/ground runtime/numbers runtime/files runtime/data runtime/kernels runtime/base gpfc
runtime/optimize runtime/ground runtime/numbers runtime/files runtime/kernels runtime/model gpfc
runtime/train runtime/ground runtime/numbers runtime/files runtime/kernels runtime/base runtime/model
runtime/train runtime/devices runtime/optimize runtime/look gpfc
runtime/command runtime/ground runtime/numbers runtime/look runtime/files runtime/data runtime/kernels
runtime/command runtime/devices runtime/base runtime/model runtime/train gpfc
END
# library (its headers' paths begin so), then the folders or files that reach it, directly or through others
cat >"$scratch/real/libraries" <<'END'
yaml.h spec
llvm-c/ emit_llvm tune/jit.c
llvm/ emit_llvm tune/jit.c
xxhash.h base runtime/files runtime/look runtime/train
zip.h runtime/files
jansson.h runtime/ground runtime/files runtime/model runtime/train runtime/command command tune
hwloc runtime/ground target
Random123/ runtime/numbers
omp.h runtime/ground
dlfcn.h runtime/parquet/parquet_library.c runtime/cuda/cuda_driver.c runtime/nvrtc/nvrtc_library.c
CUnit/
END

# What is wrong today and about to go, as patterns of what would be printed
cat >"$scratch/real/owed" <<'END'
END

# Writes the include lines of the tree $1 and what -M says of it to $scratch/read, as lines "file|d|name" and
# "file|r|path".
read_tree()
{
    (
        cd "$1"
        find compiler runtime -name '*.[ch]' | LC_ALL=C sort >"$scratch/files"
        find compiler runtime templates -type f >"$scratch/known"
        (cd "$build" && find generated -type f) >>"$scratch/known"
        xargs awk '/^[ \t]*#[ \t]*include/ {
                name = $0
                sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
                sub(/[ \t]*(\/[*\/].*)?$/, "", name)
                print FILENAME "|d|" name
            }' <"$scratch/files" >"$scratch/read"
        for half in compiler runtime; do
            if [ $half = compiler ]; then flags=$GPFC_COMPILER_CPPFLAGS; else flags=$GPFC_RUNTIME_CPPFLAGS; fi
            flags=$(echo " $flags " |
                sed "s, -I$root/, -I,g; s, -I$root , -I. ,g; s, -Igenerated , -I$build/generated ,g")
            grep "^$half/" "$scratch/files" | xargs -r -P 4 -n 25 sh -c '
                deps=$(mktemp "$0/deps.XXXXXX") && "$@" >"$deps"' "$scratch" ${CC:-cc} -M $flags || exit 1
        done
    ) || { echo "the compiler did not find an include"; return 1; }
    cat "$scratch"/deps.* | awk '
        {
            sub(/\\$/, "")
            for (i = 1; i <= NF; i++)
                if ($i ~ /:$/) file = ""
                else if (file == "") file = clean($i)
                else print file "|r|" clean($i)
        }
        function clean(path) {
            sub(/^\.\//, "", path)
            while (sub(/[^\/.]+\/\.\.\//, "", path)) ;
            return path
        }' >>"$scratch/read"
    rm -f "$scratch"/deps.*
}

# Prints what the tree $1 includes against the tables in the folder $2; fails if there is anything, or nothing
# was read. With a third word, permissions that nobody uses are printed too.
look()
{
    read_tree "$1" || return 1
    awk -F '|' -v exact="${3-}" '
        FILENAME ~ /folders$/ { read_row($0); next }
        FILENAME ~ /libraries$/ { read_library($0); next }
        FILENAME ~ /known$/ { known[$0] = 1; next }
        $2 == "d" { lines++; direct($1, $3); next }
        $2 == "r" { reached++; reach($1, $3) }
        FILENAME ~ /owed$/ { owed[$0] = 1; next }
        function fault(what,    known_fault) {
            for (known_fault in owed)
                if (what ~ "^" known_fault "$") { owed_used[known_fault] = 1; return }
            if (!(what in printed)) print what
            printed[what] = 1
            faults++
        }
        function read_row(line,    part, n, i, other) {
            n = split(line, part, " ")
            row[part[1]] = may[part[1], part[1]] = below[part[1], part[1]] = 1
            for (i = 2; i <= n; i++) {
                if (!(part[i] in row)) fault("table: " part[1] " names " part[i] ", which is not below it")
                may[part[1], part[i]] = permission[part[1] " " part[i]] = 1
                for (other in row)
                    if ((part[i], other) in below) below[part[1], other] = 1
            }
        }
        function read_library(line,    part, n, i) {
            n = split(line, part, " ")
            library[++libraries] = part[1]
            for (i = 2; i <= n; i++) knows[part[1], part[i]] = permission[part[1] " " part[i]] = 1
        }
        function folder_of(path,    part, n) {
            n = split(path, part, "/")
            if (path == "compiler/gpfc.h") return "api"
            if (part[1] == "templates") return part[1]
            if (part[1] == "generated") return part[2]
            if (part[1] == "runtime") return part[2] == "include" ? "gpfc" : "runtime/" part[2]
            return n > 2 ? part[2] : "compiler"
        }
        # The file that the quoted name means, for one that includes it.
        function place(name, file,    half) {
            half = file ~ /^runtime/ ? "runtime/" : "compiler/"
            if (half name in known) return half name
            if ("runtime/include/" name in known) return "runtime/include/" name
            if ("generated/" name in known) return "generated/" name
            return name in known ? name : ""
        }
        function direct(file, name,    mine, path) {
            mine = folder_of(file)
            if (!(mine in row)) fault(file " is in a folder that has no row in the table")
            if (name ~ /^</) return
            gsub(/"/, "", name)
            path = place(name, file)
            if (path == "") {
                fault(file " includes " name ", which is no path from the root of its half")
                return
            }
            if (!((mine, folder_of(path)) in may)) fault(file " includes " name)
            used[mine " " folder_of(path)] = 1
        }
        function reach(file, path,    mine, short, i) {
            mine = folder_of(file)
            if (path in known) {
                if (!((mine, folder_of(path)) in below)) fault(file " reaches " path)
                return
            }
            short = file
            sub(/^compiler\//, "", short)
            for (i = 1; i <= libraries; i++) {
                if (!index(path, "/" library[i])) continue
                if ((library[i], mine) in knows) used[library[i] " " mine] = 1
                else if ((library[i], short) in knows) used[library[i] " " short] = 1
                else fault(file " reaches " library[i])
            }
        }
        END {
            if (exact)
                for (pair in permission)
                    if (!(pair in used)) fault("table: nobody uses " pair)
            if (exact)
                for (what in owed)
                    if (!(what in owed_used)) fault("owed no longer: " what)
            if (lines < 1 || reached < 1) fault("no include was read")
            exit faults > 0
        }' "$2/folders" "$2/libraries" "$2/owed" "$scratch/known" "$scratch/read"
}

look "$root" "$scratch/real" exact || exit 1

# A tree without a fault, with tables of its own
tree=$scratch/tree
small=$scratch/small
write() # a file of the tree, its text
{
    mkdir -p "$tree/$(dirname "$1")"
    printf '%b\n' "$2" >"$tree/$1"
}
start()
{
    rm -rf "$tree" "$small"
    mkdir -p "$tree/runtime/include/gpfc" "$tree/templates" "$small"
    write compiler/base/base.h '#define BASE'
    write compiler/base/base.c '#include "base/base.h"\n#include <yaml.h>'
    write compiler/ir/ir.h '# include "base/base.h" // comment'
    write compiler/flow/flow.h ''
    write compiler/flow/flow.c '#include "ir/ir.h"\n#include "flow/flow.h"'
    printf '%s\n' base 'ir base' 'flow ir' >"$small/folders"
    printf '%s\n' 'yaml.h base' 'zip.h' >"$small/libraries"
    : >"$small/owed"
}
start
look "$tree" "$small" exact || { echo "a tree without a fault was reported"; exit 1; }

# $1: a line that must be printed; $2: the folder of tables
must_print()
{
    if look "$tree" "$2" "${3-}" >"$scratch/printed" 2>&1 || ! grep -qxF "$1" "$scratch/printed"; then
        echo "not reported: $1; but:"
        cat "$scratch/printed"
        exit 1
    fi
    start
}
write compiler/ir/x.c '#include "flow/flow.h"'
must_print 'compiler/ir/x.c includes flow/flow.h' "$small"
write compiler/flow/x.c ' # include "base/base.h"'
must_print 'compiler/flow/x.c includes base/base.h' "$small"
write compiler/ir/x.c '#define WHERE "flow/flow.h"\n#include WHERE'
must_print 'compiler/ir/x.c reaches compiler/flow/flow.h' "$small"
write compiler/base/x.def '#include "flow/flow.h"'
write compiler/ir/x.c '#include "base/x.def"'
must_print 'compiler/ir/x.c reaches compiler/flow/flow.h' "$small"
write compiler/ir/x.c '#include "ir.h"'
must_print 'compiler/ir/x.c includes ir.h, which is no path from the root of its half' "$small"
write compiler/new/x.c '#include "base/base.h"'
must_print 'compiler/new/x.c is in a folder that has no row in the table' "$small"
write compiler/flow/x.c '#include <zip.h>'
must_print 'compiler/flow/x.c reaches zip.h' "$small"
write compiler/base/base.h '#include <yaml.h>'
must_print 'compiler/flow/flow.c reaches yaml.h' "$small"
write compiler/ir/x.c '#include "base/nowhere.h"'
must_print 'the compiler did not find an include' "$small"
printf '%s\n' 'ir base' base 'flow ir' >"$small/folders"
must_print 'table: ir names base, which is not below it' "$small"
printf '%s\n' base 'ir base' 'flow ir base' >"$small/folders"
must_print 'table: nobody uses flow base' "$small" exact
printf '%s\n' 'yaml.h base ir' >"$small/libraries"
must_print 'table: nobody uses yaml.h ir' "$small" exact
printf '%s\n' 'compiler/ir/x.c includes .*' >"$small/owed"
must_print 'owed no longer: compiler/ir/x.c includes .*' "$small" exact
rm -r "$tree/compiler"
mkdir "$tree/compiler"
must_print 'no include was read' "$small"

# The tables of the tree itself
write compiler/flow/x.c '#include <llvm-c/Core.h>'
must_print 'compiler/flow/x.c reaches llvm-c/' "$scratch/real"
write compiler/model/x.h '#include <yaml.h>'
must_print 'compiler/model/x.h reaches yaml.h' "$scratch/real"
write runtime/kernels/bundle.h ''
write runtime/files/x.c '#include "kernels/bundle.h"'
must_print 'runtime/files/x.c includes kernels/bundle.h' "$scratch/real"
write runtime/train/x.h ''
write runtime/model/x.c '#include "train/x.h"'
must_print 'runtime/model/x.c includes train/x.h' "$scratch/real"
write runtime/include/gpfc/x.h '#include "ir/ir.h"'
must_print 'the compiler did not find an include' "$scratch/real"
