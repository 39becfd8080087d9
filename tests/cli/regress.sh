#!/usr/bin/env bash
# regress.sh - bench/regress tells a slowdown from noise and from what could not be measured. The builds are stand-ins, whose programs take the
# times that are written beside them.
. "$(dirname "$0")/lib.sh"
export W2S_BENCH_OUT=$scratch/measured
regress=$W2S_SOURCE/bench/regress

# build NAME FACTOR SEED [NOISE]: a step takes a second over FACTOR
build() {
    mkdir -p "$1/bench"
    printf '#!/bin/sh\nexit 0\n' >"$1/w2s"
    awk -v f="$2" -v s="$3" -v noise="${4:-.03}" 'BEGIN { srand(s); for (i = 0; i < 40; i++) print 1 / (f * (1 + noise * (rand() + rand() - 1))), 1 }' >"$1/times"
    cat >"$1/bench/bench_train_finetune" <<'END'
#!/usr/bin/env python3
import os, sys
times = open(os.path.dirname(sys.argv[0]) + "/../times").read().splitlines()
print("ready", flush=True)
for took, _ in zip(times, sys.stdin):
    print(f"took {took}\nready", flush=True)
END
    chmod +x "$1/w2s" "$1/bench/bench_train_finetune"
}
both() { "$regress" "$scratch/$1" "$scratch/$2" --only "fine-tuning 32" "${@:3}"; }
verdicts() { sed 's/.*,//' measured/regress.csv | tr -d '\r' | tr '\n' ' '; }

build a 1 1
build noise 1 2
build calm 1 1 .001
build little 0.995 1 .001
build slow 0.95 3
build fast 1.05 4
expect 0 both a noise
[ "$(verdicts)" = "verdict same same " ] || fail "noise: $(verdicts)"
says out "fine-tuning 32 x 24, 6 layers, bf16"
expect 0 both calm little # no chance, and less than a hundredth
[ "$(verdicts)" = "verdict same same " ] || fail "half of a hundredth: $(verdicts)"
expect 1 both a slow
[ "$(verdicts)" = "verdict slower slower " ] || fail "five of a hundred: $(verdicts)"
says out "slower  "
expect 0 both a fast
[ "$(verdicts)" = "verdict faster faster " ] || fail "a gain: $(verdicts)"
expect 1 both a slow --repeats 5
# Slower in one measurement is enough.
build one 1 2
sed 's/^times = .*/&\nif "--bf16" in sys.argv: times = [str(float(t.split()[0]) * 1.1) + " 1" for t in times]/' -i one/bench/bench_train_finetune
expect 1 both a one
[ "$(verdicts)" = "verdict same slower " ] || fail "one of two: $(verdicts)"

# What could not be measured is neither.
refused() {
    expect 2 "$@"
    [ "$(grep -c . err)" = 1 ] && grep -q '^regress: ' err || { fail "not one sentence"; cat err; }
}
refused both a nowhere
says err "neither a git revision nor a folder"
refused both a slow --repeats 4
says err "--repeats is 4"
refused "$regress" "$scratch/a" "$scratch/slow" --only nothing
says err 'no measurement has "nothing" in its name'
build short 1 2
head -n 3 short/times >few && mv few short/times
refused both a short
build dumb 1 2
printf '#!/bin/sh\nexit 3\n' >dumb/bench/bench_train_finetune
refused both a dumb
says err "ended before it was ready"
build odd 1 2
sed 's/ 1$//' -i odd/times
refused both a odd
rm odd/bench/bench_train_finetune
refused both a odd
expect 2 "$regress" "$scratch/a"
finish
