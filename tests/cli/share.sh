#!/usr/bin/env bash
# share.sh - processes that use one runs folder at once: on one study each does some of the jobs, and no one's end takes away what another needs.
. "$(dirname "$0")/lib.sh"

numbers() { (cd "$1" && find jobs -name '*.f64' | LC_ALL=C sort | xargs sha256sum); }

# One study, two processes: its jobs shared, the bits of one process.
set -- run micro.yaml seeds=4 training.epochs=6 methods='[naive, confidence]' supervisor.layers='[1, 2]' name=many
expect 0 "$W2S" "$@" --runs one
says err "28 jobs: 28 computed"
"$W2S" "$@" --runs two >out1 2>err1 &
first=$!
"$W2S" "$@" --runs two >out2 2>err2 &
second=$!
wait $first || fail "the first process failed"
wait $second || fail "the second process failed"
a=$(sed -n 's/.* jobs: \([0-9]*\) computed.*/\1/p' err1) b=$(sed -n 's/.* jobs: \([0-9]*\) computed.*/\1/p' err2)
echo "computed by the first $a, by the second $b"
checks=$((checks + 1))
[ "${a:-0}" -ge 4 ] && [ "${b:-0}" -ge 4 ] && [ $((a + b)) = 28 ] || fail "the work was not shared: $a and $b of 28"
[ "$(numbers one)" = "$(numbers two)" ] || fail "two processes made other bits than one"
told() { grep -vE 'seconds|memory|resumed|finished' "$1/studies/many/results.csv"; }
[ "$(told one)" = "$(told two)" ] || fail "two processes reported other numbers than one"

# A held job is passed over: with the first supervisor locked by another, everything that does not stand on it is done.
expect 0 "$W2S" run micro.yaml --dry-run --json --runs held
weak=$(python3 -c 'import json,sys; print(next(j["hash"] for j in json.load(open("out")) if j["label"].startswith("supervisor")))')
mkdir -p "held/work/$weak"
python3 - "held/work/$weak/lock" <<'END' &
import fcntl, sys, time
f = open(sys.argv[1], "a")
fcntl.flock(f, fcntl.LOCK_EX)
open("locked", "w").close()
time.sleep(120)
END
holder=$!
until [ -e locked ]; do sleep .05; done
"$W2S" run micro.yaml --runs held >out 2>err &
pid=$!
for _ in $(seq 1 200); do
    grep -q waiting err && break
    sleep .1
done
says err "another process is at what is left, waiting"
says err "ceiling 4 layers: accuracy"
lacks err "supervisor 1 of 4 layers: accuracy"
# Another run of the name, with other settings, writes meanwhile.
sed -i 's/train: 256/train: 255/' held/studies/micro/study.yaml
kill $holder
wait $pid || fail "it did not go on when the job was free"
says err "held/studies/micro: another run of this name has other settings, and wrote here meanwhile"
says held/studies/micro/study.yaml "train: 256"
says err "4 jobs: 4 computed"

# Two studies of one name with other settings: each prints the numbers that it computed, what lies together is of one of them, and the
# settings of the other are said to have been there.
sed 's/train: 256/train: 128/' micro.yaml >less.yaml
table() { sed -n '/^supervisor /,/^$/p' "$1"; }
for s in micro less; do
    expect 0 "$W2S" run $s.yaml --runs named
    table out >$s.table
done
cmp -s micro.table less.table && fail "both settings give one table"
for i in 1 2 3 4; do
    rm -rf named/studies/micro
    "$W2S" run micro.yaml --runs named >out1 2>err1 &
    first=$!
    "$W2S" run less.yaml --runs named >out2 2>err2 &
    second=$!
    wait $first && wait $second || fail "one of two settings failed: $(cat err1 err2)"
    table out1 | cmp - micro.table || fail "the first printed the other's table"
    table out2 | cmp - less.table || fail "the second printed the other's table"
    python3 - named/studies/micro <<'END' || fail "files of different settings lie together"
import csv, json, re, sys
dir = sys.argv[1]
settings = int(re.search(r"train: (\d+)", open(dir + "/study.yaml").read()).group(1))
results = json.load(open(dir + "/results.json"))
assert results["task"]["train"] == settings, (results["task"]["train"], settings)
said = {int(float(r["value"])) for r in csv.DictReader(open(dir + "/results.csv")) if r["measure"] == "task train"}
assert said == {settings}, (said, settings)
pairs = results["examples"]["jobs"]
first = results["examples"]["items"][0]["probs"][-1][1]
assert repr(first) in open(dir + "/predictions.csv").read(), first
END
done

# Other studies end all the time while one with frozen blocks goes on: it keeps its features, and its result.
"$W2S" run micro.yaml student.trainable=head training.epochs=20 seeds=6 name=long --runs both >out1 2>err1 &
long=$!
n=0
while kill -0 $long 2>/dev/null && [ $n -lt 40 ]; do
    n=$((n + 1))
    "$W2S" run micro.yaml seed.split=$n student.trainable=head methods=naive name=short --runs both >out 2>err || { fail "a short study failed"; cat err; }
done
wait $long || { fail "the long study failed beside $n short ones"; grep failed err1 | head -3; }
echo "$n short studies beside the long one"
# The last to end finds its features unused and removes them.
expect 0 "$W2S" run micro.yaml seed.split=1 student.trainable=head methods=naive name=short --runs both
expect 0 "$W2S" run micro.yaml student.trainable=head training.epochs=20 seeds=6 name=long --runs both
says err "0 computed"
[ -z "$(find both/cache -name '*.part-*')" ] || fail "half-written features are left"

# What a killed process left is removed when it is old, and not before.
mkdir -p old/cache
touch old/cache/a.f32.part-0123456789abcdef old/cache/b.f32
touch -d '8 days ago' old/cache/c.f32.part-0123456789abcdef old/cache/d.f32 old/cache/e.txt
expect 0 "$W2S" run micro.yaml student.trainable=head methods=naive --runs old
[ "$(cd old/cache && echo *)" = "a.f32.part-0123456789abcdef b.f32 e.txt lock" ] || fail "the cache holds $(cd old/cache && echo *)"
finish
