#!/usr/bin/env bash
# supervisors.sh - supervisors that are several models: means, bagging, boosting, each counted anew from its members' files; human labels.
. "$(dirname "$0")/lib.sh"
sed -i 's/^methods: .*/methods: [naive]/; s/^supervisor: .*/supervisor: {layers: [1, 2, 3], trainable: all, lr: 2.5e-3, epochs: 1}/' micro.yaml

cat >check.py <<'END'
import json, math, struct, sys
r, runs = json.load(open(sys.argv[1])), sys.argv[2]
labels = [int(x) for x in open("supervise.txt")] if len(sys.argv) > 3 else []
def array(job, part):
    raw = open(f"{runs}/jobs/{job}/{part}.f64", "rb").read()
    n = struct.unpack("<Q", raw[8:16])[0]
    x = struct.unpack(f"<{n}d", raw[16:])
    return [x[i:i + 2] for i in range(0, n, 2)]
def named(p):
    return 1 if p[1] > p[0] else 0
seen = 0
for p in r["pairs"]:
    job = p["weak"]["jobs"][0]
    spec = json.load(open(f"{runs}/jobs/{job}/job.json"))["spec"]
    if spec["kind"] != "ensemble":
        continue
    seen += 1
    members = spec["members"]
    kind = spec["ensemble"]
    weights = [1] * len(members)
    say = lambda p: p
    if kind == "agreement":
        names = [[named(x) for x in array(m, "train")] for m in members]
        same = lambda a, b: sum(x == y for x, y in zip(a, b)) / len(a)
        weights = [sum(same(a, b) for k, b in enumerate(names) if k != i) / (len(names) - 1) for i, a in enumerate(names)]
    if kind == "boosting":
        say = lambda p: [1 - named(p), named(p)]
        n = len(labels)
        w = [1 / n] * n
        weights = []
        for m in members:
            wrong = [named(x) != y for x, y in zip(array(m, "supervise"), labels)]
            err = sum(a for a, bad in zip(w, wrong) if bad)
            if err >= .5:
                weights.append(0)
                continue
            err = max(err, 1 / (2 * n))
            alpha = math.log((1 - err) / err)
            w = [a * math.exp(alpha) if bad else a for a, bad in zip(w, wrong)]
            w = [a / sum(w) for a in w]
            weights.append(alpha)
        # a later round's sample favours what the earlier got wrong
    result = next(j["result"]["ensemble"] for j in r["jobs"] if j["hash"] == job)
    assert all(abs(a - b) < 1e-12 for a, b in zip(result, weights)) and len(result) == len(members), (kind, result, weights)
    for part in ("train", "valid", "test"):
        rows = [array(m, part) for m in members]
        for i, x in enumerate(array(job, part)):
            want = sum(a * say(y[i])[1] for a, y in zip(weights, rows)) / sum(weights)
            assert abs(x[1] - want) < 1e-12, (kind, part, i, x, want)
assert seen == len([p for p in r["pairs"]]), seen
END
for combine in mean agreement; do
    expect 0 "$W2S" run micro.yaml supervisor.combine=$combine name=$combine --runs a --json
    says out "ensemble/$combine-1-2-3"
    python3 check.py out a || fail "$combine is not that of its members"
done
says err "2 computed, 4 found"
expect 0 "$W2S" run a/studies/mean/study.yaml --runs a
says err "0 computed, 6 found"
says out "mean-1-2-3"
# As a table of labels: the ensemble's, not its members'.
expect 0 "$W2S" label a/studies/mean/study.yaml --runs a
[ "$(cut -d, -f1 out | sort -u | grep -c ensemble)" = 1 ] && [ "$(grep -c . out)" = 257 ] || fail "labels of an ensemble"

expect 0 "$W2S" run micro.yaml supervisor.layers='[1, 2]' supervisor.bagging=3 name=bag --runs a --json
says err "10 computed, 1 found"
python3 check.py out a || fail "bagging is not its members' mean"
# Each round has a sample of its own.
checks=$((checks + 1))
[ "$(cd a/jobs && sha256sum $(grep -l '"bagging":' */job.json | sed 's/job.json/test.f64/') | cut -c 1-64 | sort -u | grep -c .)" = 6 ] || fail "rounds of bagging are alike"
"$W2S" label micro.yaml --examples >examples.csv
python3 -c '
import csv
for x in csv.DictReader(open("examples.csv", newline="")):
    if x["part"] == "supervise":
        print(x["truth"])' >supervise.txt
expect 0 "$W2S" run micro.yaml supervisor.layers=1 supervisor.boosting=4 name=boost --runs a --json
says err "6 computed"
python3 check.py out a labels || fail "boosting is not its members' vote"
# The first round of boosting is of equal weights, and each round a training of its own.
python3 - out a <<'END' || fail "rounds"
import glob, json, sys
specs = [json.load(open(f))["spec"] for f in glob.glob(sys.argv[2] + "/jobs/*/job.json")]
rounds = sorted((s["boosting"], len(s["earlier"])) for s in specs if "boosting" in s)
assert rounds == [(1, 0), (2, 1), (3, 2), (4, 3)], rounds
END

# What a round is wrong about has half of all weight in the next one's sample: where one text in eight is long and says nothing of its label, tokens tell.
awk 'BEGIN { srand(4); for (i = 0; i < 900; i++) { y = rand() < .5; odd = i % 8 == 0
    printf "{\"text\": \"%d the film is %s%s\", \"label\": %d}\n", i, odd ? "what it was and where it is and when it was and who it was and is " : "", (odd ? rand() < .5 : y) ? "good" : "bad", y } }' >odd.jsonl
sed 's/toy/odd/' toy.yaml >odd.yaml
odd=(micro.yaml task=odd.yaml supervisor.layers=2 supervisor.boosting=2 supervisor.epochs=3 supervisor.lr=1e-2 methods=naive data.supervise=200 data.max_tokens=64 name=odd)
expect 0 "$W2S" run "${odd[@]}" --runs odd
"$W2S" label "${odd[@]}" --examples >odd.csv
python3 - odd.csv "$W2S" "$model" <<'END' || fail "a round of boosting does not learn what the one before got wrong"
import csv, glob, json, math, struct, subprocess, sys
rows = [x for x in csv.DictReader(open(sys.argv[1], newline="")) if x["part"] == "supervise"]
said = subprocess.run([sys.argv[2], "tokenize", sys.argv[3], "-"], input="\n".join(x["text"] for x in rows) + "\n", capture_output=True, text=True, check=True).stdout
length = [len(json.loads(line)["ids"]) for line in said.splitlines()]
tokens, n = {}, len(rows)
for f in glob.glob("odd/jobs/*/job.json"):
    spec = json.load(open(f))["spec"]
    if "boosting" not in spec:
        continue
    tokens[spec["boosting"]] = json.load(open(f.replace("job.json", "result.json")))["tokens"] / 3
    if spec["boosting"] == 1:
        p = struct.unpack(f"<{2 * n}d", open(f.replace("job.json", "supervise.f64"), "rb").read()[-16 * n:])
wrong = [(p[2 * i + 1] > p[2 * i]) != (rows[i]["truth"] == "1") for i in range(n)]
assert 0 < sum(wrong) < .4 * n, sum(wrong)
w = [.5 / sum(wrong) if x else .5 / (n - sum(wrong)) for x in wrong]
def draws(w): # tokens of n draws: their mean and standard deviation
    mean = sum(a * b for a, b in zip(w, length))
    return n * mean, math.sqrt(n * sum(a * (b - mean) ** 2 for a, b in zip(w, length)))
first, second = draws([1 / n] * n), draws(w)
assert abs(first[0] - second[0]) > 6 * max(first[1], second[1]), (first, second)
assert abs(tokens[1] - first[0]) < 3 * first[1] and abs(tokens[2] - second[0]) < 3 * second[1], (tokens, first, second)
END

# Rounds that start from a model which learnt the texts before stand on that as well.
expect 0 "$W2S" run micro.yaml supervisor.layers=1 supervisor.boosting=3 generative='{epochs: 1}' name=texts --runs a --json
python3 check.py out a labels || fail "boosting from weights of another job"

# Killed in its members, and run again: the same bits.
"$W2S" run micro.yaml supervisor.layers=1 supervisor.boosting=4 training.checkpoint_every=0 name=cut --runs cut --jobs 1 >out 2>err &
pid=$!
for i in $(seq 1 2000); do
    [ "$(ls cut/jobs 2>/dev/null | wc -l)" -ge 2 ] && break
    sleep .005
done
kill -9 $pid
wait $pid 2>/dev/null
expect 0 "$W2S" run micro.yaml supervisor.layers=1 supervisor.boosting=4 training.checkpoint_every=0 name=cut --runs cut
for j in cut/jobs/*/; do
    cmp -s "$j/test.f64" "a/jobs/$(basename "$j")/test.f64" || fail "killed and continued, other bits: $j"
done

# A student is not smaller than the largest of an ensemble; more models than there is room for are refused.
expect 0 "$W2S" run micro.yaml supervisor.combine=mean student.layers='[2, 4]' student.trainable=head name=small --runs a --json
python3 - out <<'END' || fail "smaller students"
import json, sys
r = json.load(open(sys.argv[1]))
assert len(r["pairs"]) == 1 and len(r["left_out"]) == 1 and r["left_out"][0]["supervisor"] == "ensemble/mean-1-2-3"
END
expect 2 "$W2S" run micro.yaml supervisor.layers=1 supervisor.combine=mean --runs a
says err "supervisor.combine is of 1 models, wanted from 2 to 15"
expect 2 "$W2S" run micro.yaml supervisor.combine=mean supervisor.bagging=3 --runs a
one_sentence
says err 'a supervisor is made by combine, bagging or boosting, wanted one of them'
says err "command line: supervisor.bagging=3: a supervisor is made"
expect 2 "$W2S" run micro.yaml supervisor.boosting=3 supervisor.bagging=2 --runs a
says err "command line: supervisor.boosting=3: a supervisor is made"
sed 's/^supervisor: .*/supervisor: {layers: 1,\n  combine: mean,\n  bagging: 3}/' micro.yaml >ways.yaml
expect 2 "$W2S" run ways.yaml --runs a
says err "ways.yaml:8: a supervisor is made"
expect 2 "$W2S" run micro.yaml supervisor.bagging=1 --runs a
one_sentence
says err 'bagging" is 1'
expect 2 "$W2S" run micro.yaml student.combine=mean --runs a
one_sentence
says err 'unknown key "student.combine"'
expect 2 "$W2S" run micro.yaml supervisor.combine=median --runs a
one_sentence
says err 'wanted'
words_task words.yaml
expect 2 "$W2S" run micro.yaml task=words.yaml data.train=100 data.test=60 data.max_tokens=48 supervisor.combine=mean --runs a
says err "mean needs the probability of each class, and the answers of task words are written"

# Human labels: as many as asked for, said and charged; all of them: what the ceiling learns, in its bits.
sed -i 's/^methods: .*/methods: [naive, human_labels]/; s/^supervisor: .*/supervisor: {layers: 1, trainable: all, lr: 2.5e-3, epochs: 1}/' micro.yaml
expect 0 "$W2S" run micro.yaml human_labels.share=.25 name=quarter --runs a --json
python3 - out a <<'END' || fail "human labels"
import json, sys
r = json.load(open(sys.argv[1]))
jobs = {j["hash"]: j["result"] for j in r["jobs"]}
human = {p["method"]: jobs[p["student_scores"]["jobs"][0]] for p in r["pairs"]}
assert human["human_labels"]["human_labels"] == 64 and "human_labels" not in human["naive"]
assert {p["method"]: p.get("human_labels") for p in r["pairs"] if not p.get("beside")} == {"naive": None, "human_labels": 64}
END
expect 0 "$W2S" run micro.yaml methods='[naive, human_labels_alone]' human_labels_alone.share=.25 name=alone --runs a --json
python3 - out a <<'END' || fail "human labels alone"
import json, sys
r = json.load(open(sys.argv[1]))
jobs = {j["hash"]: j["result"] for j in r["jobs"]}
x = jobs[r["pairs"][1]["student_scores"]["jobs"][0]]
assert x["chosen"] == 64 == x["human_labels"] and x["chosen_right"] == 1 and x["steps"] == 24, x
END
expect 0 "$W2S" run micro.yaml human_labels.share=1 name=all --runs a --json
python3 - out a <<'END' || fail "all labels human are ground truth"
import json, sys
p = json.load(open(sys.argv[1]))["pairs"][1]
bits = {open(f"{sys.argv[2]}/jobs/{p[k]['jobs'][0]}/test.f64", "rb").read() for k in ("student_scores", "ceiling")}
assert len(bits) == 1 and p["pgr"][0] == 1
END
# A point of a training on human labels was given them, too; the table says how many.
expect 0 "$W2S" run micro.yaml methods='[naive, human_labels, early_stop]' early_stop.of=human_labels human_labels.share=.25 name=stopped --runs a
says out "early_stop (64 human labels)"
python3 - <<'END' || fail "human labels of a point"
import json
pairs = json.load(open("a/studies/stopped/results.json"))["pairs"]
assert {p["method"]: p.get("human_labels") for p in pairs if not p.get("beside")} == {"naive": None, "human_labels": 64, "early_stop": 64}, pairs
END
finish
