#!/usr/bin/env bash
# repair.sh - labels mended between a supervisor and its student: smoothed over neighbours, pruned by confident learning.
. "$(dirname "$0")/lib.sh"
sed -i 's/^methods: .*/methods: [naive, knn, confident_learning]/' micro.yaml
printf '%s\n' 'knn: {k: 5, weight: 0.5}' 'confident_learning: {folds: 4, c: 0.1}' >>micro.yaml

expect 0 "$W2S" run micro.yaml --runs a --json
says err "7 computed"
lacks err "accuracy 0.000"
says err "repair 4 layers, knn, from 1 of 4 layers"
python3 - out a <<'END' || fail "mended labels"
import glob, json, struct, sys
r, runs = json.load(open(sys.argv[1])), sys.argv[2]
def array(job, name, width):
    raw = open(f"{runs}/jobs/{job}/{name}.f64", "rb").read()
    x = struct.unpack(f"<{(len(raw) - 16) // 8}d", raw[16:])
    return [x[i:i + width] for i in range(0, len(x), width)] if width > 1 else list(x)
specs = {}
for f in glob.glob(runs + "/jobs/*/job.json"):
    job = json.load(open(f))
    specs[job["hash"]] = job["spec"]
jobs = {j["hash"]: j for j in r["jobs"]}
weak = r["pairs"][0]["weak"]["jobs"][0]
labels = array(weak, "train", 2)
named = [int(x[1] > x[0]) for x in labels]
n = len(labels)
for p in r["pairs"][1:]:
    student = p["student_scores"]["jobs"][0]
    repair = specs[student]["targets"]
    assert specs[repair]["kind"] == "repair" and specs[repair]["labels"] == weak and specs[repair]["method"] == p["method"]
    assert jobs[repair]["role"] == "repair" and jobs[repair]["result"]["accuracy"] is None
    told = jobs[repair]["result"]["repair"]
    kept, now = array(repair, "kept", 1), array(repair, "train", 2)
    assert told["labels"] == n and told["kept"] == sum(kept) and told["changed"] == sum(int(x[1] > x[0]) != y for x, y in zip(now, named))
    if p["method"] == "knn":
        # Each is half its own and half a mean of five others: five times what is added is a sum of five labels.
        assert sum(kept) == n and "chosen" not in jobs[student]["result"]
        assert now != labels and all(abs(sum(x) - 1) < 1e-12 for x in now)
        low, high = min(x[1] for x in labels), max(x[1] for x in labels)
        assert all(.5 * x[1] + .5 * low - 1e-12 <= y[1] <= .5 * x[1] + .5 * high + 1e-12 for x, y in zip(labels, now))
        continue
    # Confident learning once more, from the held-out probabilities that the job left.
    held = array(repair, "held-out", 2)
    assert now == labels
    t = [sum(h[k] for h, y in zip(held, named) if y == k) / named.count(k) for k in (0, 1)]
    joint = [[0, 0], [0, 0]]
    for h, y in zip(held, named):
        over = [k for k in (0, 1) if h[k] >= t[k]]
        if over:
            joint[y][max(over, key=lambda k: (h[k], -k))] += 1
    keep = [1] * n
    for y in (0, 1):
        count = int(joint[y][1 - y] / sum(joint[y]) * named.count(y) + .5)
        for i in sorted((i for i in range(n) if named[i] == y), key=lambda i: (held[i][y] - held[i][1 - y], i))[:count]:
            keep[i] = 0
    assert keep == kept and 0 < sum(keep) < n, (sum(keep), sum(kept))
    assert jobs[student]["result"]["chosen"] == sum(keep)
    assert abs(jobs[student]["result"]["chosen_right"] - told["right_after"]) < 1e-12
    # What is pruned is wrong more often than what is kept.
    assert told["right_after"] > told["right_before"], told
END
expect 0 "$W2S" run a/studies/micro/study.yaml --runs a
says err "0 computed, 7 found"
# Other settings of one method are another repair and another student of that method alone.
expect 0 "$W2S" run micro.yaml knn.k=3 name=other --runs a
says err "2 computed, 5 found"
# No weight: naive's labels, and its bits.
expect 0 "$W2S" run micro.yaml knn.weight=0 methods='[naive, knn]' name=none --runs a --json
python3 - out a <<'END' || fail "neighbours of no weight are not naive"
import json, sys
bits = [open(f"{sys.argv[2]}/jobs/{p['student_scores']['jobs'][0]}/test.f64", "rb").read() for p in json.load(open(sys.argv[1]))["pairs"]]
assert len(bits) == 2 and bits[0] == bits[1]
END
expect 0 "$W2S" run micro.yaml --runs b --dry-run
says out "repair 4 layers, confident_learning, from 1 of 4 layers"

# Killed and run again: the same bits. A repair whose files are broken is said so.
"$W2S" run micro.yaml training.checkpoint_every=0 name=cut --runs cut --jobs 1 >out 2>err &
pid=$!
for i in $(seq 1 2000); do
    [ "$(ls cut/jobs 2>/dev/null | wc -l)" -ge 4 ] && break
    sleep .005
done
kill -9 $pid
wait $pid 2>/dev/null
expect 0 "$W2S" run micro.yaml training.checkpoint_every=0 name=cut --runs cut
for j in cut/jobs/*/; do
    for f in test train kept; do
        [ ! -f "$j/$f.f64" ] || cmp -s "$j/$f.f64" "a/jobs/$(basename "$j")/$f.f64" || fail "killed and continued, other bits: $j $f"
    done
done

expect 2 "$W2S" run micro.yaml knn.k=0 --runs a
one_sentence
says err 'k" is 0'
expect 2 "$W2S" run micro.yaml knn.folds=3 --runs a
one_sentence
says err 'unknown key "knn.folds"'
expect 2 "$W2S" run micro.yaml data.train=9 confident_learning.folds=20 methods=confident_learning name=folds --runs a
says err "confident_learning.folds is 20, and the examples of data.train are of 9 questions"
# Folds are of questions: three rows of one are in one fold.
awk '{ sub(/}$/, sprintf(", \"of\": %d}", NR / 3)); print }' toy.jsonl >asked.jsonl
sed 's/toy/asked/' toy.yaml >asked.yaml
sed -i "s|^fields: .*|fields: {text: text, label: label, of: of}\ngroup: of|" asked.yaml
expect 2 "$W2S" run micro.yaml task=asked.yaml data.train=9 confident_learning.folds=9 methods=confident_learning name=asked --runs a
says err "confident_learning.folds is 9, and the examples of data.train are of "
lacks err "are of 9"
expect 2 "$W2S" run micro.yaml task=asked.yaml data.train=3 supervisor.layers=1 student.layers=4 bootstrapping.through='[2, 3]' methods=bootstrapping --runs a
says err "bootstrapping.through: each of a chain's 3 models learns from a part of data.train, whose examples are of "
rated_task
expect 2 "$W2S" run micro.yaml task=rated.yaml data.train=100 data.test=60 data.supervise=32 --runs a
says err "method knn compares texts, and an example of task rated is 2 of them"
words_task words.yaml
expect 2 "$W2S" run micro.yaml task=words.yaml methods=knn data.train=100 data.test=60 data.max_tokens=48 --runs a
says err "method knn needs the probability of each class"

# Three classes, and labels of people.
three_task
expect 0 "$W2S" run micro.yaml task=three.yaml name=three --runs a
expect 0 "$W2S" run micro.yaml supervisor='{simulated: [{errors: uniform, accuracy: 0.8}]}' name=sim --runs a --json
python3 - out <<'END' || fail "uniform errors are found"
import json, sys
r = json.load(open(sys.argv[1]))
told = {j["method"]: j["result"]["repair"] for j in r["jobs"] if j["role"] == "repair"}
assert abs(told["knn"]["right_before"] - .8) < .01, told
assert told["confident_learning"]["right_after"] > .83, told
END
finish
