#!/usr/bin/env bash
# kill.sh - killed at 20 random moments (SIGKILL) and run again, a study ends with the same bits; Ctrl-C ends in order.
. "$(dirname "$0")/lib.sh"
sed -i 's/evals: 2/evals: 4, checkpoint_every: 0/; s/epochs: 3/epochs: 12/' micro.yaml

numbers() {
    (cd "$1" && find jobs -name '*.f64' | LC_ALL=C sort | xargs sha256sum
        for j in jobs/*/result.json; do python3 -c '
import json, sys
r = json.load(open(sys.argv[1])); print(sys.argv[1], r["accuracy"], r["final_loss"], json.dumps(r["curve"]))' "$j"; done)
}
start=$(date +%s%N)
expect 0 "$W2S" run micro.yaml --runs whole
took=$((($(date +%s%N) - start) / 1000000))
want=$(numbers whole)

RANDOM=11
kills=0
for i in $(seq 1 20); do
    "$W2S" run micro.yaml --runs cut >out 2>err &
    pid=$!
    sleep "$(awk -v t=$took -v r=$RANDOM 'BEGIN {printf "%.3f", 0.02 + t / 1000 * r / 32768 * .4}')"
    kill -9 $pid 2>/dev/null && kills=$((kills + 1))
    wait $pid 2>/dev/null
    [ -d cut/jobs ] && for j in cut/jobs/*/; do
        [ ! -d "$j" ] || [ -s "$j/result.json" ] || fail "half a job: $j"
    done
    # begun anew from time to time, so that early moments are hit too
    [ $((i % 3)) = 0 ] && [ $i != 20 ] && rm -rf cut
done
expect 0 "$W2S" run micro.yaml --runs cut
[ "$(numbers cut)" = "$want" ] || { fail "killed and continued, other bits"; diff <(echo "$want") <(numbers cut) | head -5; }
[ "$kills" -ge 10 ] || fail "only $kills of 20 kills hit a running program"

# Killed with points of the curve behind it and no checkpoint: what is reached again takes their place.
"$W2S" run micro.yaml training.checkpoint_every=1e6 --jobs 1 --runs points >out 2>err &
pid=$!
for i in $(seq 1 1000); do
    [ "$(cat points/work/*/curve.json 2>/dev/null | grep -o '"step"' | wc -l)" -ge 6 ] && break
    sleep .01
done
kill -9 $pid
wait $pid 2>/dev/null
[ "$(cat points/work/*/curve.json | grep -o '"step"' | wc -l)" -ge 6 ] && ! ls points/work/*/checkpoint.bin 2>/dev/null || fail "it was not killed between points"
expect 0 "$W2S" run micro.yaml training.checkpoint_every=1e6 --jobs 1 --runs points
[ "$(numbers points)" = "$want" ] || { fail "a curve has points of two lives"; diff <(echo "$want") <(numbers points) | cut -c 1-300 | head -5; }

# Ctrl-C: a sentence on how to go on, status 130, and it goes on.
sed 's/epochs: 12/epochs: 4000/' micro.yaml >long.yaml
"$W2S" run long.yaml --runs stop >out 2>err &
pid=$!
sleep 1
kill -INT $pid
wait $pid
[ $? = 130 ] || fail "Ctrl-C ended with another status than 130"
says err "stopped at your request"
says err "the same command goes on"
finish
