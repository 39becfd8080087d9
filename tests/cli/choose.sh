#!/usr/bin/env bash
# choose.sh - methods that learn some of the labels: those that the supervisor is surest of, those in a window.
. "$(dirname "$0")/lib.sh"
sed -i 's/^methods: .*/methods: [naive, high_confidence, confidence_window]/' micro.yaml
printf '%s\n' 'high_confidence: {share: 0.3}' 'confidence_window: {low: 0.55, high: 0.8}' >>micro.yaml

# from_labels RUNS [LOW] - what a student learnt from is what its supervisor's labels say it should, counted anew.
from_labels() {
    python3 - out "$1" "${2:-.55}" <<'END' || fail "$1: chosen labels"
import csv, json, math, struct, subprocess, os, sys
r = json.load(open(sys.argv[1]))
jobs = {j["hash"]: j for j in r["jobs"]}
truth = [int(x["truth"]) for x in csv.DictReader(subprocess.run([os.environ["W2S"], "label", sys.argv[2] + "/studies/" + r["study"]["name"] + "/study.yaml", "--runs", sys.argv[2]],
    capture_output=True, text=True, check=True).stdout.splitlines())]
for p in r["pairs"]:
    weak, K = p["weak"]["jobs"][0], len(r["task"]["classes"])
    raw = open(f"{sys.argv[2]}/jobs/{weak}/train.f64", "rb").read()
    n = len(truth)
    x = struct.unpack(f"<{n * K}d", raw[-8 * n * K:])
    rows = [x[i * K:i * K + K] for i in range(n)]
    result = jobs[p["student_scores"]["jobs"][0]]["result"]
    if p["method"] == "naive":
        assert "chosen" not in result
        continue
    if p["method"] == "high_confidence":
        by = r["study"]["name"].split("-")[-1]
        score = {"entropy": lambda x: sum(y * math.log(y) for y in x if y > 0), "margin": lambda x: sorted(x)[-1] - sorted(x)[-2]}.get(by, max)
        chosen = sorted(range(n), key=lambda i: (-score(rows[i]), -max(rows[i]), i))[:int(.3 * n + .5)]
    else:
        chosen = [i for i in range(n) if float(sys.argv[3]) <= max(rows[i]) <= .8]
    right = [rows[i].index(max(rows[i])) == truth[i] for i in range(n)]
    assert 0 < len(chosen) < n
    assert result["chosen"] == len(chosen), (p["method"], result["chosen"], len(chosen))
    assert abs(result["chosen_right"] - sum(right[i] for i in chosen) / len(chosen)) < 1e-12
    assert abs(result["labels_right"] - sum(right) / n) < 1e-12
    assert result["steps"] == 3 * -(-len(chosen) // 8), result["steps"]
    assert "minus_naive" in p and p["minus_naive_p"] <= p["minus_naive_holm"] <= 1
END
}
expect 0 "$W2S" run micro.yaml --runs a --json
says err "5 computed"
from_labels a
expect 0 "$W2S" run a/studies/micro/study.yaml --runs a
says err "0 computed, 5 found"

# Stopped early, it is a point of such a training, whose settings are in the study that is saved.
expect 0 "$W2S" run micro.yaml methods='[early_stop, naive]' early_stop.of=high_confidence name=stop --runs a
says err "2 computed, 3 found"
expect 0 "$W2S" run a/studies/stop/study.yaml --runs a
says err "0 computed, 5 found"

# Another share is another student, and nobody else's.
expect 0 "$W2S" run micro.yaml high_confidence.share=.4 name=other --runs a
says err "1 computed, 4 found"

# All of them, by either: naive, bit for bit.
expect 0 "$W2S" run micro.yaml high_confidence.share=1 confidence_window.low=0 confidence_window.high=1 name=all --runs a --json
python3 - out a <<'END' || fail "all of the labels are not naive's"
import json, sys
r = json.load(open(sys.argv[1]))
bits = [open(f"{sys.argv[2]}/jobs/{p['student_scores']['jobs'][0]}/test.f64", "rb").read() for p in r["pairs"]]
assert len(bits) == 3 and bits[0] == bits[1] == bits[2]
assert len({p["student_scores"]["jobs"][0] for p in r["pairs"]}) == 3
END

# Killed in the middle and run again: the same bits.
"$W2S" run micro.yaml training.checkpoint_every=0 name=cut --runs cut --jobs 1 >out 2>err &
pid=$!
for i in $(seq 1 2000); do
    [ "$(ls cut/jobs 2>/dev/null | wc -l)" -ge 3 ] && ls cut/work/*/checkpoint.bin >/dev/null 2>&1 && break
    sleep .005
done
kill -9 $pid
wait $pid 2>/dev/null
expect 0 "$W2S" run micro.yaml training.checkpoint_every=0 name=cut --runs cut
for j in cut/jobs/*/; do
    cmp -s "$j/test.f64" "a/jobs/$(basename "$j")/test.f64" || fail "killed and continued, other bits: $j"
done

# Rewards of two texts are such labels too; so are those of three classes.
rated_task
expect 0 "$W2S" run micro.yaml task=rated.yaml data.supervise=32 data.train=100 data.test=60 name=reward --runs a --json
from_labels a
three_task
expect 0 "$W2S" run micro.yaml task=three.yaml name=three confidence_window.low=.36 --runs a --json
from_labels a .36

# Of three classes entropy and margin choose others than probability; of two the same, bit for bit.
for by in entropy margin; do
    expect 0 "$W2S" run micro.yaml task=three.yaml name=three-$by high_confidence.by=$by confidence_window.low=.36 --runs a --json
    says err "1 computed, 4 found"
    from_labels a .36
    says a/studies/three-$by/study.yaml "by: $by"
    expect 0 "$W2S" run a/studies/three-$by/study.yaml --runs a
    says err "0 computed, 5 found"
    expect 0 "$W2S" run micro.yaml name=two-$by high_confidence.by=$by --runs a
    says err "1 computed, 4 found"
done
expect 0 "$W2S" run micro.yaml name=named high_confidence.by=probability --runs a
says err "0 computed, 5 found"
python3 - a <<'END' || fail "orders of two classes, or of three"
import json, sys
def bits(study):
    r = json.load(open(f"{sys.argv[1]}/studies/{study}/results.json"))
    job = next(p for p in r["pairs"] if p["method"] == "high_confidence")["student_scores"]["jobs"][0]
    return job, open(f"{sys.argv[1]}/jobs/{job}/test.f64", "rb").read()
two, three = ([bits(s) for s in names] for names in (("micro", "two-entropy", "two-margin"), ("three", "three-entropy", "three-margin")))
assert len({j for j, b in two}) == len({j for j, b in three}) == 3
assert len({b for j, b in two}) == 1 and len({b for j, b in three}) > 1
END

# By how many members name what their ensemble does; each of them is a job that the student stands on.
agree="micro.yaml high_confidence.by=agreement supervisor.layers=[1,2,3]"
expect 0 "$W2S" run $agree supervisor.combine=mean methods='[naive, high_confidence]' name=agree --runs a --json
python3 - out a <<'END' || fail "labels that members agree on"
import csv, json, os, struct, subprocess, sys
r, runs = json.load(open(sys.argv[1])), sys.argv[2]
jobs = {j["hash"]: j for j in r["jobs"]}
said = subprocess.run([os.environ["W2S"], "label", runs + "/studies/agree/study.yaml", "--runs", runs], capture_output=True, text=True, check=True).stdout
truth = [int(x["truth"]) for x in csv.DictReader(said.splitlines())]
def rows(job):
    raw = open(f"{runs}/jobs/{job}/train.f64", "rb").read()
    x = struct.unpack(f"<{(len(raw) - 16) // 8}d", raw[16:])
    return [x[i:i + 2] for i in range(0, len(x), 2)]
p = r["pairs"][1]
weak = p["weak"]["jobs"][0]
said = rows(weak)
members = [rows(m) for m in json.load(open(f"{runs}/jobs/{weak}/job.json"))["spec"]["members"]]
named = lambda x: int(x[1] > x[0])
agreed = [sum(named(m[i]) == named(x) for m in members) for i, x in enumerate(said)]
assert len(set(agreed)) > 1
chosen = sorted(range(len(said)), key=lambda i: (-agreed[i], -max(said[i]), i))[:int(.3 * len(said) + .5)]
sure = sorted(range(len(said)), key=lambda i: (-max(said[i]), i))[:len(chosen)]
result = jobs[p["student_scores"]["jobs"][0]]["result"]
right = lambda which: sum(named(said[i]) == truth[i] for i in which) / len(which)
assert chosen != sure and right(chosen) != right(sure)
assert result["chosen"] == len(chosen) and abs(result["chosen_right"] - right(chosen)) < 1e-12, (result, right(chosen), right(sure))
assert p["cost"]["jobs"] == 5
END
expect 0 "$W2S" run $agree supervisor.bagging=3 methods='[early_stop]' early_stop.of=high_confidence name=bagged --runs a
for supervisor in 'supervisor.layers=1' 'supervisor={simulated: [{errors: uniform, accuracy: 0.8}]}'; do
    expect 2 "$W2S" run micro.yaml high_confidence.by=agreement "$supervisor" --runs n
    says err "high_confidence.by is agreement, which is between the members of a supervisor, and the supervisor is not several models"
done
expect 2 "$W2S" run micro.yaml high_confidence.by=agreement methods=early_stop early_stop.of=high_confidence --runs n
says err "high_confidence.by is agreement"
expect 2 "$W2S" run micro.yaml high_confidence.by=agreed --runs n
one_sentence
says err 'by" is "agreed", wanted one of probability, entropy, margin, agreement'

# Nothing left is a job that fails with a sentence; the rest of the study stands.
expect 1 "$W2S" run micro.yaml confidence_window.low=.9999 confidence_window.high=1 name=none --runs a
says err "confidence_window: no label's largest probability is from 0.9999 to 1; those of the 256 examples are from"
expect 2 "$W2S" run micro.yaml high_confidence.share=0 --runs a
one_sentence
says err 'share" is 0, wanted more than 0'
expect 2 "$W2S" run micro.yaml confidence_window.low=.9 --runs a
one_sentence
says err '"low" is 0.9 and "high" is 0.8, wanted low at most high'
expect 2 "$W2S" run micro.yaml high_confidence.low=.9 --runs a
one_sentence
says err 'unknown key "high_confidence.low"'
words_task words.yaml
expect 2 "$W2S" run micro.yaml task=words.yaml methods=high_confidence data.train=100 data.test=60 data.max_tokens=48 --runs a
says err "method high_confidence needs the probability of each class, and the answers of task words are written"
finish
