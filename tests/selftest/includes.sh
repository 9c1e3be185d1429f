#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A folder includes itself and the folders it takes from or gives to, and only one folder knows a library.
# Reads every #include under compiler/ and runtime/, against the table below, and then proves that it would
# see a wrong one.
set -eu
root=${srcdir:-.}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# folder, then every folder whose headers it may name
cat >"$scratch/folders" <<'END'
base base
spec base spec
model base spec model gpfc
ir base ir
diff base ir diff
pass base ir pass
ode base model ir ode
flow base model ir diff pass ode flow
baseflow base model ir diff pass ode baseflow
target base target
sched base ir pass target sched plan
plan base ir sched plan
emit_llvm base model ir sched plan target emit_llvm gpfc
tune base ir sched plan tune gpfc
emit_c base ir sched plan emit_llvm emit_c templates gpfc
drive base spec model ir diff pass flow baseflow target sched plan emit_llvm emit_c tune drive templates gpfc compiler
compiler drive pass
command base spec tune compiler
runtime/ground runtime/ground gpfc
runtime/numbers runtime/ground runtime/numbers gpfc
runtime/files runtime/ground runtime/files
runtime/data runtime/ground runtime/numbers runtime/files runtime/data
runtime/kernels runtime/ground runtime/numbers runtime/kernels gpfc
runtime/base runtime/ground runtime/numbers runtime/files runtime/data runtime/kernels runtime/base gpfc
runtime/model runtime/ground runtime/numbers runtime/files runtime/data runtime/kernels runtime/base runtime/model gpfc
runtime/train runtime/ground runtime/numbers runtime/files runtime/data runtime/kernels runtime/base runtime/model runtime/train gpfc
runtime/command runtime/ground runtime/numbers runtime/files runtime/data runtime/kernels runtime/base runtime/model runtime/train runtime/command gpfc
gpfc gpfc
END
# library header (a prefix), then the folders that may include it
cat >"$scratch/libraries" <<'END'
yaml.h spec
llvm emit_llvm tune
xxhash.h base runtime/train runtime/model runtime/data
zip.h runtime/files runtime/data
jansson.h runtime/files runtime/data runtime/model runtime/train runtime/command command tune
hwloc runtime/ground target
Random123/ runtime/numbers
omp.h runtime/ground runtime/numbers runtime/kernels runtime/base runtime/model
dlfcn.h runtime/command
END

# Prints every include of the tree $1 that the tables do not allow; fails if there are any, or nothing was
# read.
look()
{
    find "$1/compiler" "$1/runtime" -name '*.[ch]' | LC_ALL=C sort >"$scratch/files"
    awk -v root="$1/" '
        FILENAME ~ /folders$/   { for (i = 2; i <= NF; i++) may[$1, $i] = 1; next }
        FILENAME ~ /libraries$/ { prefix[++libraries] = $1; for (i = 2; i <= NF; i++) knows[$1, $i] = 1; next }
        { read_file($0) }
        function folder_of(path,    part, n) {
            n = split(substr(path, length(root) + 1), part, "/")
            if (part[1] == "runtime") return part[2] == "include" ? "gpfc" : "runtime/" part[2]
            return n > 2 ? part[2] : "compiler"
        }
        function fault(path, what) { printf "%s includes %s\n", substr(path, length(root) + 1), what; faults++ }
        function read_file(path,    line, mine, name, theirs, i) {
            mine = folder_of(path)
            while ((getline line < path) > 0) {
                if (line !~ /^[ \t]*#[ \t]*include/) continue
                includes++
                name = line
                sub(/^[^"<]*["<]/, "", name); sub(/[">].*/, "", name)
                if (line ~ /"/) {
                    theirs = name ~ /\// ? name : "?/"
                    sub(/\/.*/, "", theirs)
                    if (mine ~ /^runtime/ && theirs != "gpfc") theirs = "runtime/" theirs
                    if (name == "gpfc.h") theirs = "compiler"
                    if (theirs != mine && !((mine, theirs) in may)) fault(path, name)
                } else
                    for (i = 1; i <= libraries; i++)
                        if (index(name, prefix[i]) == 1 && !((prefix[i], mine) in knows)) fault(path, name)
            }
            close(path)
        }
        END { if (includes < 1) print "no include was read"; exit faults > 0 || includes < 1 }
    ' "$scratch/folders" "$scratch/libraries" "$scratch/files"
}

look "$root" || exit 1

# Each of these must be told.
must_be_told()
{
    rm -rf "$scratch/tree"
    mkdir -p "$scratch/tree/compiler/ir" "$scratch/tree/runtime/files"
    mkdir -p "$scratch/tree/$(dirname "$1")"
    printf '%s\n' "$2" >"$scratch/tree/$1"
    if look "$scratch/tree" >/dev/null; then
        echo "$1 with '$2' was not told"
        exit 1
    fi
}
must_be_told compiler/ir/ir_x.c '#include "flow/flow.h"'
must_be_told compiler/ir/ir_x.c '# include "model/model.h"'
must_be_told compiler/flow/flow_x.c '#include <llvm-c/Core.h>'
must_be_told compiler/model/model_x.h '#include <yaml.h>'
must_be_told runtime/files/x.c '#include "kernels/bundle.h"'
must_be_told runtime/model/x.c '#include "train/train.h"'
must_be_told runtime/include/gpfc/x.h '#include "ir/ir.h"'
must_be_told compiler/ir/ir_x.c 'nothing at all'
