#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The libraries leave it to their caller to print and to end the process, and keep no state of their own:
# looks through the symbols of both, then proves that it would see a wrong one.
set -eu
build=${top_builddir:-.}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
command -v nm >/dev/null 2>&1 || exit 77

# Ends the process, prints, or is the state of a whole process.
banned='exit|_exit|_Exit|quick_exit|abort|printf|vprintf|puts|putchar|perror|err|errx|warn|warnx|rand|srand'
banned="$banned|strtok|setlocale|umask|chdir|fchdir|setenv|unsetenv|putenv|stdout|stderr"

# The trainer's commands talk to the person who runs it; the rest of the runtime is a library.
commands=$(cd "${srcdir:-.}/runtime/command" && printf '%s|' *.c)
may_print="^(libgpfcrt_a-)?($(printf '%s' "${commands%|}" | sed 's/\.c/\\.o/g'))\$"

# A variable that may be written to is allowed where it makes sure that a library is set up once in a process.
may_vary='^once(\.[0-9]+)?$'

# $1: archive or object. Prints every symbol that should not be there. nm's lines, but for spaces:
#   archive:object:name|value|class|type|size|line|section
# Constant tables that hold addresses lie in .data.rel.ro, which only the loader writes to.
look()
{
    nm -A -f sysv "$1" 2>/dev/null | tr -d ' ' | awk -F '|' -v banned="^($banned)\$" -v may="$may_print" \
        -v may_vary="$may_vary" '
        NF == 7 {
            n = split($1, part, ":")
            object = part[n - 1]; sub(/.*\//, "", object); sub(/.*\[/, "", object); sub(/\]$/, "", object)
            name = part[n]; sub(/@.*/, "", name)
            plain = name; sub(/^__/, "", plain); sub(/_chk$/, "", plain)
            lines++
            if ($3 == "U" && plain ~ banned && object !~ may) { print object ": uses " name; faults++ }
            if (($7 ~ /^\.(data|bss)/ && $7 !~ /^\.data\.rel\.ro/ || $7 == "*COM*") && $4 != "SECTION" &&
                name !~ may_vary) { print object ": has the variable " name; faults++ }
        }
        END { if (lines < 1) print "no symbol was read"; exit faults > 0 || lines < 1 }'
}

# Sanitizers, coverage and failing calls bring variables and calls of their own.
[ -z "${GPFC_SANITIZE_FLAGS-}" ] || exit 77
[ "${GPFC_FAULTS-no}" = no ] || exit 77

good=yes
for library in libgpfc_compiler.a libgpfcrt.a; do
    look "$build/$library" || good=no
done
[ $good = yes ] || exit 1

# Each of these must be reported.
must_be_told()
{
    printf '%s\n' "$1" >"$scratch/x.c"
    ${CC:-cc} -c -o "$scratch/x.o" "$scratch/x.c"
    if look "$scratch/x.o" >/dev/null; then
        echo "not told: $1"
        exit 1
    fi
}
must_be_told 'void exit(int); void f(void); void f(void) { exit(1); }'
must_be_told 'int printf(const char *, ...); void f(int); void f(int x) { printf("%d", x); }'
must_be_told 'unsigned umask(unsigned); void f(void); void f(void) { (void)umask(0); }'
must_be_told 'static int calls; int f(void); int f(void) { return ++calls; }'
must_be_told 'int calls = 1;'
must_be_told 'extern const char *const none; const char *table[] = {"a", "b"};'
printf '%s\n' 'int f(int); extern const char *const t[]; const char *const t[] = {"a"};' \
    'int f(int x) { return x + t[0][0]; }' >"$scratch/x.c"
${CC:-cc} -c -o "$scratch/x.o" "$scratch/x.c"
look "$scratch/x.o" || { echo "a harmless object was told"; exit 1; }
