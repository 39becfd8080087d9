#!/usr/bin/env bash
# jobs.sh - small jobs at once: the bits and the table of one at a time, whatever is killed, stopped or fails meanwhile; never more threads than asked.
. "$(dirname "$0")/lib.sh"

numbers() { (cd "$1" && find jobs -name '*.f64' | LC_ALL=C sort | xargs sha256sum); }
told() { grep -vE 'seconds|memory|resumed|finished|worker' "$1/studies/many/results.csv"; }
workers() { pgrep -P "$1"; }
# Nothing here counts on how long a job lasts: what has to be met under way trains for ever and is stopped, or is begun again, longer, where it was over first.
forever=training.epochs=10000
# within COMMAND...: waits for it, a minute at most
within() {
    local end=$((SECONDS + 60))
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep .02
    done
}
gone() {
    local p
    for p in "$@"; do [ -d "/proc/$p" ] && [ "$(cut -d ' ' -f 3 "/proc/$p/stat" 2>/dev/null)" != Z ] && return 1; done
    return 0
}
# left PID...: waits until none of them runs
left() { within gone "$@"; }
ticks() { cut -d ' ' -f 14 "$1/stat" 2>/dev/null || echo 0; }
others() {
    local t n=0
    for t in /proc/"$1"/task/*; do [ "${t##*/}" = "$1" ] || n=$((n + $(ticks "$t"))); done
    echo $n
}
computed() { [ "$(ticks /proc/"$1"/task/"$1")" -ge "$2" ]; }
# alone PID: whether its first thread computes by itself; what others do as they start is little, and was before
alone() {
    local main rest
    main=$(ticks /proc/"$1"/task/"$1") rest=$(others "$1")
    within computed "$1" $((main + 20)) || return 1
    [ $((5 * ($(others "$1") - rest))) -le $(($(ticks /proc/"$1"/task/"$1") - main)) ]
}
two() { [ "$(workers "$1" | wc -l)" = 2 ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }
# begun RUNS, trains RUNS: two jobs of that folder are under way; those have made a step each
begun() { [ "$(ls "$1"/work/*/work.json 2>/dev/null | wc -l)" = 2 ]; }
trains() { [ "$(grep -lE '"step": *[1-9]' "$1"/work/*/curve.json 2>/dev/null | wc -l)" = 2 ]; }
# started: waits until the study in $pid has two workers and a job is done; not so where it is over
started() {
    within at_work
    ! ended "$pid"
}
at_work() { ended "$pid" || { two "$pid" && grep -q accuracy err; }; }

set -- run micro.yaml name=many seeds=3 student.weights=random supervisor.weights=random supervisor.layers='[1,2]' training.checkpoint_every=0
base=("$@")
# with key=value...: the words of that study with other settings, each set once
with() {
    printf '%s\n' "${base[@]}" "$@" |
        awk -F= '{ key = NF > 1 ? $1 : $0; if (!(key in last)) order[++n] = key; last[key] = $0 } END { for (i = 1; i <= n; i++) print last[order[i]] }'
}
expect 0 "$W2S" "$@" --runs one --jobs 1
says err "21 jobs: 21 computed"
sed '/^report: /d' out >table
expect 0 "$W2S" "$@" --runs two --jobs 2
says err "21 jobs: 21 computed, 0 found, 0 failed"
lacks err waiting
[ "$(sed '/^report: /d' out)" = "$(cat table)" ] || fail "two at once print another table"
[ "$(numbers one)" = "$(numbers two)" ] || fail "two at once made other bits than one at a time"
[ "$(told one)" = "$(told two)" ] || fail "two at once reported other numbers than one at a time"
expect 0 "$W2S" "$@" --runs two
says err "0 computed, 21 found"

# They are at once unasked, each on one thread (a product library may start others, which do nothing).
"$W2S" $(with $forever name=long) --runs auto >out 2>err &
pid=$!
within two $pid && within trains auto || fail "no two workers"
reads() { ls -l /proc/"$1"/fd 2>/dev/null | grep -q 'auto/cache/lock$'; }
for p in $(workers $pid); do
    checks=$((checks + 1))
    alone "$p" || fail "a second thread of a worker computes"
    within reads "$p" || fail "a worker does not say that it reads features"
done
# Ctrl-C where the parent alone hears of it: all stop in order, and it goes on.
these=$(workers $pid)
kill -INT $pid
wait $pid
[ $? = 130 ] || fail "stopped with another status than 130"
says err "stopped at your request"
says err "the same command goes on"
left $these || fail "a worker outlived its parent's stop"

# Ctrl-Z at a terminal stops all of it, fg lets all of it go on, to the same bits.
states() { for p in $pid $these; do ps -o stat= -p $p; done | cut -c 1 | tr -d '\n'; }
settled() { [ "$(states)" = TTT ] || ended $pid; }
for epochs in 20 100 500; do
    set -m # the job has a group of its own, and a shell that waits for it
    rm -rf paused
    "$W2S" $(with training.epochs=$epochs name=paused) --runs paused >out 2>err &
    pid=$!
    set +m
    started || continue
    these=$(workers $pid)
    kill -TSTP -- -$pid
    within settled
    [ "$(states)" = TTT ] && break
done
[ "$(states)" = TTT ] || fail "after Ctrl-Z parent and workers are $(states)"
kill -CONT -- -$pid
wait $pid || fail "it did not go on after fg"
lacks err warning
epochs_long=$epochs
expect 0 "$W2S" $(with training.epochs=$epochs name=paused) --jobs 1 --runs unpaused
[ "$(numbers paused)" = "$(numbers unpaused)" ] || fail "after Ctrl-Z and fg, other bits"

# Ctrl-C at a terminal goes to the whole group. The workers do not get to run until all signals are sent: each then still ends in order, with
# a checkpoint, and it goes on to the same bits.
for epochs in 40 200 1000; do
    long="training.checkpoint_every=1000 training.epochs=$epochs student.layers=2 seeds=1 name=long"
    rm -rf group
    setsid "$W2S" $(with $long) --runs group >out 2>err &
    pid=$!
    started || continue
    these=$(workers $pid)
    while ! ended $pid; do
        kill -STOP $these 2>/dev/null
        busy=$(for p in $these; do grep -lE "\"pid\": *$p\\b" group/work/*/work.json 2>/dev/null; done)
        [ "$(echo "$busy" | wc -w)" = 2 ] && trains group && break
        kill -CONT $these 2>/dev/null
        sleep .02
    done
    ended $pid || break
done
kill -INT -- -$pid
sleep .3
kill -CONT $these
wait $pid
[ $? = 130 ] || fail "a group's Ctrl-C ended with another status than 130"
left $these || fail "a worker outlived a group's Ctrl-C"
checks=$((checks + 1))
[ "$(echo "$busy" | wc -w)" = 2 ] || fail "two workers were not under way: $busy"
# One that was stopped before its first step has nothing to keep.
for w in $busy; do
    d=${w%/*}
    [ -s "$d/checkpoint.bin" ] || [ ! -d "$d" ] || ! grep -q '"step": *[1-9]' "$d/curve.json" 2>/dev/null || fail "no checkpoint in $(ls "$d")"
done
[ -z "$(find group -name '*.part-*')" ] || fail "half-written files: $(find group -name '*.part-*')"
expect 0 "$W2S" $(with $long) --runs group
grep -qE '"resumed": *true' group/jobs/*/result.json || fail "nothing went on from its checkpoint"
expect 0 "$W2S" $(with $long) --runs straight
[ "$(numbers group)" = "$(numbers straight)" ] || fail "after a group's Ctrl-C, other bits"

# A long job does not live on after its parent's death, nor after its terminal's.
for s in KILL HUP; do
    "$W2S" $(with $long $forever) --runs orphan >out 2>err &
    pid=$!
    within begun orphan || fail "no two workers"
    these=$(workers $pid)
    kill -$s $pid
    wait $pid 2>/dev/null
    left $these || { fail "a worker outlived its parent's SIG$s"; kill -9 $these; }
    rm -rf orphan
done

# The parent killed: its workers with it, nothing half done, the same bits in the end.
RANDOM=5
for i in 1 2 3 4; do
    "$W2S" "$@" --runs cut >out 2>err &
    pid=$!
    started || { wait $pid; break; }
    these=$(workers $pid)
    sleep "$(awk -v r=$RANDOM 'BEGIN {printf "%.3f", .2 * r / 32768}')"
    kill -9 $pid
    wait $pid 2>/dev/null
    left $these || fail "a worker outlived its parent"
    for j in cut/jobs/*/; do [ -s "$j/result.json" ] || fail "half a job: $j"; done
done
expect 0 "$W2S" "$@" --runs cut
[ "$(numbers cut)" = "$(numbers one)" ] || fail "killed and continued, other bits"

# A worker killed, then the other: said, and its job is done again.
"$W2S" $(with training.epochs=$epochs_long name=paused) --runs hurt >out 2>err &
pid=$!
within two $pid && within begun hurt || fail "no two workers"
these=$(workers $pid)
for p in $these; do
    kill -9 "$p"
    left "$p" || fail "a worker outlived SIGKILL"
done
succeeded() { new=$(workers $pid); [ "$(echo "$new" | wc -w)" = 2 ] && ! grep -qwF "$these" <<<"$new"; }
within succeeded || fail "dead workers have no successors"
wait $pid || fail "the study did not survive its workers"
says err "warning: a worker was killed (signal 9)"
# A worker may die between the end of its job and word of it: the job is found, then.
grep -qE '^21 jobs: (21 computed, 0|20 computed, 1|19 computed, 2) found, 0 failed' err || fail "not all jobs are there: $(tail -n 1 err)"
[ "$(numbers hurt)" = "$(numbers unpaused)" ] || fail "without its workers, other bits"

# A worker that is asked to end leaves its job, which another takes up; a job of which a worker dies twice has failed, and the study goes on.
"$W2S" $(with $long) --runs crash >out 2>err &
pid=$!
within two $pid || fail "no two workers"
asked=$(workers $pid | head -n 1)
kill -TERM "$asked"
left "$asked" || fail "a worker that was asked to end goes on"
# The worker of the ceiling is stopped before it is known to be that one still.
at_ceiling() { grep -l ceiling crash/work/*/work.json 2>/dev/null; }
pid_in() { grep -oE '"pid": *[0-9]+' "$1" 2>/dev/null | grep -oE '[0-9]+'; }
for signal in KILL ILL; do
    p=
    while ! ended $pid && [ -z "$p" ]; do
        note=$(at_ceiling) && p=$(pid_in "$note") && kill -STOP "$p" 2>/dev/null || p=
        [ -z "$p" ] || { note=$(at_ceiling) && [ "$(pid_in "$note")" = "$p" ]; } || { kill -CONT "$p"; p=; }
        sleep .01
    done
    [ -n "$p" ] && kill -$signal "$p" && kill -CONT "$p" 2>/dev/null
    left "$p" || fail "a worker outlived SIG$signal"
done
wait $pid
[ $? = 1 ] || fail "a job that kills its workers is not a failed job"
says err "failed: its worker was killed twice, last by signal 4"
grep -q "its worker was killed twice, last by signal 4" crash/failed/*.json || fail "the failure is not recorded"
says err "computed, 0 found, 1 failed"
expect 0 "$W2S" $(with $long) --runs crash
says err "1 computed"
[ "$(numbers crash)" = "$(numbers straight)" ] || fail "after a job that killed its workers, other bits"

# Two at one runs folder, each with workers: every job is computed once, by one or the other.
"$W2S" "$@" --runs both >out.1 2>err.1 &
pid=$!
expect 0 "$W2S" "$@" --runs both
wait $pid || fail "the other of two ended with an error"
checks=$((checks + 1))
[ "$(cat err err.1 | grep -oE '[0-9]+ computed' | awk '{n += $1} END {print n}')" = 21 ] || fail "two computed $(cat err err.1 | grep computed)"
[ "$(numbers both)" = "$(numbers one)" ] || fail "two at one folder, other bits"

# One at a time, a small job still has one thread.
"$W2S" $(with $long $forever) --runs single --jobs 1 >out 2>err &
pid=$!
stepped() { grep -qE '"step": *[1-9]' single/work/*/curve.json 2>/dev/null; }
within stepped || fail "a job makes no step"
checks=$((checks + 1))
alone $pid || fail "a second thread computes a small job"
kill -9 $pid
wait $pid 2>/dev/null

# Jobs that fail: named, counted, tried once in a run.
for n in 1 2; do
    expect 1 "$W2S" $(with student.lr=9 student.weight_decay=1) --runs failed$n --jobs $n
    grep -oE 'supervisor .* failed: .*|ceiling .* failed: .*|student .* failed: .*' err | LC_ALL=C sort >failed.$n
    grep -oE '[0-9]+ computed, .* failed|^w2s: .*' err >>failed.$n
done
grep -q failed: failed.1 || fail "no job failed"
cmp failed.1 failed.2 || fail "other jobs failed two at once"

# A full disk under a worker ends the study as it does without one.
W2S_FAULT_WRITE=6 expect 1 "$W2S" "$@" --runs full
says err "No space left on device"
says err "the same command goes on from here"
expect 0 "$W2S" "$@" --runs full
[ "$(numbers full)" = "$(numbers one)" ] || fail "after a full disk, other bits"

# --json: every line is an object, a worker's too.
expect 0 "$W2S" $(with name=json) --runs json --json --jobs 2
python3 - out err <<'END' || fail "lines that are no JSON"
import json, sys
json.load(open(sys.argv[1]))
lines = [json.loads(x) for x in open(sys.argv[2])]
assert sum("accuracy" in x["text"] for x in lines) == 21, len(lines)
END
sed 's/" good"/" nothing like it"/' toy.yaml >two.yaml
expect 0 "$W2S" run micro.yaml task=two.yaml --runs json --jobs 2
says err 'warning: label word " nothing like it" is not one token'

# What is estimated is what will run side by side.
for n in 1 2; do
    expect 0 "$W2S" $(with training.epochs=3000) --runs r --dry-run --jobs $n
    python3 - $n out <<'END' || fail "--jobs $n: the last line is no sum of what runs at once"
import re, sys
n, lines = int(sys.argv[1]), open(sys.argv[2]).read().splitlines()
def seconds(s): return sum(float(x) * {"h": 3600, "m": 60, "s": 1}[u] for x, u in re.findall(r"([\d.]+)([hms])\b", s))
rows = sum(seconds(x[6:16]) for x in lines[1:-1])
last = seconds(re.search(r"about (.*?)(,| at)", lines[-1])[1])
assert len(lines) == 23 and ("small jobs 2 at once" in lines[-1]) == (n == 2), lines
assert abs(last * n / rows - 1) < .1, (last, rows)
END
done

# As many as there are threads, and no more; fewer where memory would not do.
expect 2 "$W2S" "$@" --runs r --jobs 3
one_sentence
says err '--jobs is "3", wanted a whole number from 1 to 2'
wide="training.micro_tokens=16000000"
expect 0 "$W2S" run micro.yaml $wide --dry-run --json --runs wide
if python3 -c 'import json, os, sys
sys.exit(max(j["bytes"] for j in json.load(open("out"))) < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2)'; then
    expect 0 "$W2S" run micro.yaml $wide --runs wide
    says err "small jobs at once: 1, the machine's memory is not enough for more"
    says err "4 jobs: 4 computed"
else
    echo "SKIP: this machine has memory for two jobs of 16 million tokens"
fi

# A small job's name does not tell how many threads there are; another's does.
names() { W2S_THREADS=$1 "$W2S" run micro.yaml student.batch=4096 student.micro_tokens=1000000 data.max_tokens=128 --dry-run --json --runs r | python3 -c '
import json, sys
for j in json.load(sys.stdin): print(j["label"].split()[0], j["hash"])'; }
names 1 >names.1
names 2 >names.2
[ "$(grep -c supervisor names.1)" = 1 ] && [ "$(grep supervisor names.1)" = "$(grep supervisor names.2)" ] || fail "a small job's name tells the threads"
[ "$(grep ceiling names.1)" != "$(grep ceiling names.2)" ] || fail "a large job's name does not tell the threads"
# Large and small ones in one study.
expect 0 "$W2S" run micro.yaml student.batch=4096 student.micro_tokens=1000000 data.max_tokens=128 seeds=2 --runs mixed
says err "8 jobs: 8 computed"
finish
