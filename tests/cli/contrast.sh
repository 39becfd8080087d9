#!/usr/bin/env bash
# contrast.sh - logit contrast: targets counted anew from what both models say as they start, its limits, and whom it cannot be asked of.
. "$(dirname "$0")/lib.sh"

expect 0 "$W2S" run micro.yaml methods=naive untrained=true name=plain --runs a --json
cp out plain.json
sed -i 's/^methods: .*/methods: [naive, logit_contrast]/' micro.yaml
expect 0 "$W2S" run micro.yaml --runs a --json
says err "4 computed, 3 found"
says err "untrained 1 of 4 layers"
says err "repair 4 layers, logit_contrast, from 1 of 4 layers"
cp out micro.json
cat >check.py <<'END'
import json, math, os, struct, sys
out, runs, weight = sys.argv[1], sys.argv[2], float(sys.argv[3])
r = json.load(open(out))
K = len(r["task"]["classes"])
def array(job, part):
    raw = open(f"{runs}/jobs/{job}/{part}.f64", "rb").read()
    x = struct.unpack(f"<{(len(raw) - 16) // 8}d", raw[16:])
    return [x[i:i + K] for i in range(0, len(x), K)]
spec = lambda job: json.load(open(f"{runs}/jobs/{job}/job.json"))["spec"]
jobs = {j["hash"]: j for j in r["jobs"]}
p = next(p for p in r["pairs"] if p["method"] == "logit_contrast")
log = lambda x: math.log(max(x, 1e-6))
for weak, student in zip(p["weak"]["jobs"], p["student_scores"]["jobs"]):
    mix = spec(student)["targets"]
    s = spec(mix)
    assert s["kind"] == "contrast" and s["labels"] == weak and s["weight"] == weight
    assert all(jobs[s[k]]["role"] == "untrained" and spec(s[k])["kind"] == "untrained" for k in ("start", "before"))
    assert spec(s["start"])["layers"] == spec(student)["layers"] and spec(s["before"])["layers"] == spec(weak)["layers"]
    labels, now = array(weak, "train"), array(mix, "train")
    for w, v, f, t in zip(labels, array(s["before"], "train"), array(s["start"], "train"), now):
        x = [log(c) + weight * (log(a) - log(b)) for a, b, c in zip(w, v, f)]
        e = [math.exp(y - max(x)) for y in x]
        assert all(abs(a / sum(e) - b) < 1e-12 for a, b in zip(e, t)), (x, t)
    named = lambda x: x.index(max(x))
    told = jobs[mix]["result"]["contrast"]
    assert told["labels"] == told["kept"] == len(labels) and told["changed"] == sum(named(a) != named(b) for a, b in zip(labels, now))
    assert jobs[mix]["role"] == "repair" and jobs[mix]["result"]["accuracy"] is None
    assert "chosen" not in jobs[student]["result"]
assert p["cost"]["jobs"] == (5 if spec(weak)["layers"] != spec(student)["layers"] else 4), p["cost"]
END
python3 check.py out a 1 || fail "mixed labels"
python3 - plain.json micro.json <<'END' || fail "what starts"
import json, sys
plain, mixed = (json.load(open(f)) for f in sys.argv[1:3])
bits = lambda job, part="test": open(f"a/jobs/{job}/{part}.f64", "rb").read()
assert plain["pairs"][0]["student_scores"]["jobs"] == mixed["pairs"][0]["student_scores"]["jobs"]
old = plain["pairs"][0]["untrained"]["jobs"][0]
own = [j["hash"] for j in mixed["jobs"] if j["role"] == "untrained"]
assert len(own) == 2 and old not in own
assert bits(old) in [bits(j) for j in own] # what it says of the test part is the same
x = {j["hash"]: j["result"] for j in mixed["jobs"]}
train = x[mixed["pairs"][0]["student_scores"]["jobs"][0]]["tokens"] / 3
# Both parts once.
test = json.load(open(f"a/jobs/{old}/result.json"))["predicted_tokens"]
assert all(x[j]["predicted_tokens"] == test + train for j in own)
END
expect 0 "$W2S" run a/studies/micro/study.yaml --runs a
says err "0 computed, 7 found"
# The student as it starts, where it is asked for, is the one that is there.
expect 0 "$W2S" run micro.yaml untrained=true name=shown --runs a --json
says err "0 computed, 7 found"
python3 check.py out a 1 || fail "with a column of untrained students"
expect 0 "$W2S" run micro.yaml logit_contrast.weight=0.5 seeds=2 name=seeds --runs a --json
says err "9 computed, 5 found"
python3 check.py out a 0.5 || fail "half of it, two seeds"
expect 0 "$W2S" run micro.yaml --runs b --dry-run
says out "repair 4 layers, logit_contrast, from 1 of 4 layers"

# Limits: of no weight the student's start; where both start as one, the labels as they are.
expect 0 "$W2S" run micro.yaml logit_contrast.weight=0 name=none --runs a --json
python3 check.py out a 0 || fail "of no weight"
cp out none.json
expect 0 "$W2S" run micro.yaml supervisor.layers=4 name=one --runs a --json
python3 check.py out a 1 || fail "both start as one"
python3 - none.json out <<'END' || fail "limits"
import json, struct, sys
def array(job):
    raw = open(f"a/jobs/{job}/train.f64", "rb").read()
    return struct.unpack(f"<{(len(raw) - 16) // 8}d", raw[16:])
def parts(f):
    r = json.load(open(f))
    mix = next(j["hash"] for j in r["jobs"] if j["role"] == "repair")
    s = json.load(open(f"a/jobs/{mix}/job.json"))["spec"]
    return array(mix), array(s["start"]), array(s["labels"])
mix, start, labels = parts(sys.argv[1])
assert max(abs(a - b) for a, b in zip(mix, start)) < 1e-5 < max(abs(a - b) for a, b in zip(mix, labels))
mix, start, labels = parts(sys.argv[2])
assert max(abs(a - b) for a, b in zip(mix, labels)) < 1e-5 < max(abs(a - b) for a, b in zip(mix, start))
END

# Three classes; rewards, whose difference is a logarithm's; models that all start from learnt texts.
three_task
expect 0 "$W2S" run micro.yaml task=three.yaml name=three --runs a --json
python3 check.py out a 1 || fail "three classes"
rated_task
expect 0 "$W2S" run micro.yaml task=rated.yaml data.supervise=32 data.train=100 data.test=60 name=reward --runs a --json
python3 check.py out a 1 || fail "rewards"
expect 0 "$W2S" run micro.yaml generative.epochs=1 data.train=64 name=texts --runs a --json
python3 - out <<'END' || fail "models that learnt the texts start from there"
import json, sys
r = json.load(open(sys.argv[1]))
spec = lambda j: json.load(open(f"a/jobs/{j}/job.json"))["spec"]
starts = [spec(j["hash"])["start"] for j in r["jobs"] if j["role"] == "untrained"]
assert len(set(starts)) == 2 and {spec(j)["kind"] for j in starts} == {"lm"}, starts
assert r["pairs"][1]["cost"]["jobs"] == 7
END

# Killed and run again: the same bits.
"$W2S" run micro.yaml name=micro --runs cut --jobs 1 >out 2>err &
pid=$!
for i in $(seq 1 2000); do
    [ "$(ls cut/jobs 2>/dev/null | wc -l)" -ge 4 ] && break
    kill -0 $pid 2>/dev/null || break
    sleep .005
done
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
expect 0 "$W2S" run micro.yaml name=micro --runs cut
for f in cut/jobs/*/*.f64; do
    cmp -s "$f" "a/${f#cut/}" || fail "killed and continued, other bits: $f"
done

# Supervisors that are no model which starts and is trained.
refused() {
    expect 2 "$W2S" run micro.yaml "$1" --runs n
    says err "method logit_contrast takes what training changed in a supervisor's model, and the supervisors here are $2: wanted models that are fine-tuned, one each"
}
refused 'supervisor={votes: somebody}' "votes"
refused 'supervisor={simulated: [{errors: uniform, accuracy: 0.8}]}' "simulated"
refused 'supervisor.bagging=3' "several models each"
refused 'supervisor={layers: 1, learner: prompt, prompt: {shots: 0}}' "asked and not trained"
refused 'supervisor={layers: 1, learner: probe}' "probes"
refused 'supervisor={layers: 1, debate: {form: debate, tokens: 4}}' "judges, which read more than the example"
printf 'id,negative,positive\n' >labels.csv
expect 0 "$W2S" label micro.yaml --examples --runs a
python3 - out <<'END' >>labels.csv
import csv, sys
for x in csv.DictReader(open(sys.argv[1], newline="")):
    if x["part"] in ("train", "test"):
        print(f"{x['id']},{.1 if x['truth'] == '1' else .8},{.9 if x['truth'] == '1' else .2}")
END
sed -i 's/^supervisor:.*/supervisor: {labels: labels.csv}/' micro.yaml
refused name=labels "labels from a file"
sed -i 's/^supervisor:.*/supervisor: {layers: 1}/' micro.yaml
expect 2 "$W2S" run micro.yaml logit_contrast.weight=-1 --runs n
one_sentence
says err '"logit_contrast.weight" is -1'
expect 2 "$W2S" run micro.yaml logit_contrast.share=1 --runs n
one_sentence
says err 'unknown key "logit_contrast.share"; known are weight'
expect 2 "$W2S" run micro.yaml student='{layers: 4, learner: probe}' --runs n
says err "method logit_contrast is a way of fine-tuning, and the student's learner is a probe"
words_task words.yaml
expect 2 "$W2S" run micro.yaml task=words.yaml data.train=100 data.test=60 data.max_tokens=48 --runs n
says err "method logit_contrast needs the probability of each class, and the answers of task words are written"
finish
