# SPDX-License-Identifier: MIT
#
# What the scripts of this folder share: a folder of their own, and a count of faults. Sourced.
gpfc=${GPFC:-gpfc}
source=$(cd "${srcdir:-.}" && pwd)
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
unset COLUMNS
faults=0
checks=0

fault()
{
    echo "fault: $*"
    faults=$((faults + 1))
}

# $1: exit status; $2: what the messages (out and err) must hold; then the command.
expect()
{
    status=$1
    text=$2
    shift 2
    checks=$((checks + 1))
    "$@" >out 2>err </dev/null
    got=$?
    test "$got" = "$status" || fault "$*: exit status $got, expected $status: $(head -3 err)"
    test -z "$text" || grep -qF -e "$text" out err || fault "$*: no '$text' in: $(head -3 out err)"
}

# Nothing that matches the names is there: what failed left nothing half-written.
nothing_left()
{
    checks=$((checks + 1))
    for name; do
        test -e "$name" && fault "left behind: $name"
    done
}

same()
{
    checks=$((checks + 1))
    cmp -s "$1" "$2" || fault "$1 and $2 differ"
}

# $1: at least so many checks must have been made
finish()
{
    echo "$checks checks, $faults faults"
    test "$faults" -eq 0 && test "$checks" -ge "$1"
}

# A flow that compiles in a second. $1: name; $2: lines to add
write_spec()
{
    cat >"$1.yaml" <<END
name: $1
dimension: 2
data: {source: eight_gaussians, samples: 600}
base: {kind: mixture, components: 4, iterations: 10}
flow: {hidden: [6], steps: 3}
$2
END
}
