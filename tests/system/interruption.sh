# SPDX-License-Identifier: MIT
#
# What the scripts share that interrupt trainings. Sourced after common.sh, with $trainer the trainer's name;
# the function as_uninterrupted, which compares a folder with that of an uninterrupted training, is defined by
# each script.

# The measures without clock times.
measures()
{
    sed 's/"samples_per_s":[^,]*,//; s/,"seconds":[^}]*//' "$1/metrics.jsonl"
}

# Starts `train --out $1` with more options, then waits until there are two measures or more.
start()
{
    folder=$1
    shift
    env --default-signal=INT "./$trainer" train --out "$folder" --quiet "$@" 2>"$folder.err" &
    child=$!
    tries=0
    until [ "$(cat "$folder/metrics.jsonl" 2>/dev/null | wc -l)" -ge 2 ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 3000 ]; then
            fault "$folder does not start"
            return
        fi
        sleep 0.02
    done
}

# Kills it, or asks it to stop, then resumes; a training that was over by then is a matter of luck and no
# fault.
stop_and_resume()
{
    for signal in KILL INT TERM; do
        case $signal in KILL) code=137 ;; INT) code=130 ;; TERM) code=143 ;; esac
        start "$signal" --threads 2 "$@"
        kill -s "$signal" "$child" 2>/dev/null
        wait "$child" 2>/dev/null
        got=$?
        checks=$((checks + 1))
        test "$got" = "$code" || test "$got" = 0 || fault "SIG$signal: exit status $got"
        test "$got" = "$code" && test "$signal" != KILL && \
            ! grep -q "$trainer resume $signal" "$signal.err" &&
            fault "SIG$signal: not told how to go on: $(cat "$signal.err")"
        for threads in 3 1; do
            rm -rf "$signal.$threads"
            cp -r "$signal" "$signal.$threads"
            expect 0 '' "./$trainer" resume "$signal.$threads" --quiet --threads "$threads"
            as_uninterrupted "$signal.$threads"
        done
    done
}
