#!/usr/bin/env bash
# trust.sh - method trust: a supervisor's states, a trust function that is told some truth, the labels that are trusted most; in one step and in a chain.
. "$(dirname "$0")/lib.sh"
sed -i 's/^methods: .*/methods: [naive, trust]/' micro.yaml
printf '%s\n' 'trust: {share: 0.2, keep: 0.4, hidden: 8}' 'baselines: false' >>micro.yaml

cat >check.py <<'END2'
import csv, glob, json, math, os, struct, subprocess, sys
r, runs = json.load(open(sys.argv[1])), sys.argv[2]
share, keep, links = float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
def array(job, name, width=1):
    raw = open(f"{runs}/jobs/{job}/{name}.f64", "rb").read()
    x = struct.unpack(f"<{(len(raw) - 16) // 8}d", raw[16:])
    return [x[i:i + width] for i in range(0, len(x), width)] if width > 1 else list(x)
specs = {}
for f in glob.glob(runs + "/jobs/*/job.json"):
    job = json.load(open(f))
    specs[job["hash"]] = job["spec"]
truth = [int(x["truth"]) for x in csv.DictReader(subprocess.run([os.environ["W2S"], "label", f"{runs}/studies/{r['study']['name']}/study.yaml", "--runs", runs],
    capture_output=True, text=True, check=True).stdout.splitlines())]
jobs = {j["hash"]: j for j in r["jobs"]}
pairs = {p["method"]: p for p in r["pairs"]}
K, n = len(r["task"]["classes"]), len(truth)
def auroc(p, right):
    good, bad = [x for x, y in zip(p, right) if y], [x for x, y in zip(p, right) if not y]
    return sum((a > b) + .5 * (a == b) for a in good for b in bad) / (len(good) * len(bad))
weak, told_before, seen = pairs["trust"]["weak"]["jobs"][0], None, 0
student = pairs["trust"]["student_scores"]["jobs"][0]
assert specs[weak]["states"] is True and "states" not in specs[student] and "states" not in specs[pairs["trust"]["ceiling"]["jobs"][0]]
before = weak
while True:
    trust = next(h for h in jobs if specs[h]["kind"] == "trust" and specs[h]["labels"] == before)
    learns = next(h for h in jobs if specs[h].get("targets") == trust)
    result = jobs[trust]["result"]["trust"]
    labels, now, p = array(before, "train", K), array(trust, "train", K), array(trust, "trust")
    kept, told = array(trust, "kept"), array(trust, "told")
    # The labels are as they were, of told examples too; the most trusted are kept, and no others.
    assert now == labels and len(p) == len(kept) == len(told) == n
    first = sorted(range(n), key=lambda i: (-p[i], i))[:int(keep * n + .5)]
    assert [i for i in range(n) if kept[i]] == sorted(first)
    right = [x.index(max(x)) == y for x, y in zip(labels, truth)]
    of = lambda some: sum(right[i] for i in some) / len(some)
    tell = [i for i in range(n) if told[i]]
    assert (result["labels"], result["told"], result["kept"]) == (n, int(share * n + .5), len(first)) and len(tell) == result["told"], result
    assert abs(result["right"] - of(range(n))) < 1e-12 and abs(result["kept_right"] - of(first)) < 1e-12 and abs(result["told_right"] - of(tell)) < 1e-12, result
    rest = [i for i in range(n) if not told[i]]
    assert abs(result["auroc"] - auroc([p[i] for i in rest], [right[i] for i in rest])) < 1e-12, result
    assert result["iterations"] > 3 and 0 < result["loss"] < math.log(2), result
    assert told_before in (None, told) # the same examples, whoever's labels are trusted
    told_before = told
    assert jobs[trust]["role"] == "repair" and jobs[trust]["result"]["accuracy"] is None
    x = jobs[learns]["result"]
    assert jobs[trust]["result"]["human_labels"] == len(tell) and "human_labels" not in x
    assert x["chosen"] == len(first) and abs(x["chosen_right"] - of(first)) < 1e-12, x
    assert x["steps"] == 3 * -(-len(first) // 8), x["steps"]
    if learns == student:
        break
    assert specs[learns]["states"] is True and specs[learns]["labels"] is True
    before, seen = learns, seen + 1
assert seen == links, (seen, links)
# What was told is charged, once; the states are an artifact: a row of every example.
assert pairs["trust"]["human_labels"] == len(tell) and pairs["naive"].get("human_labels") is None
assert os.path.getsize(f"{runs}/jobs/{weak}/states.f32") == 4 * 32 * n
assert pairs["trust"]["cost"]["jobs"] == 3 + 2 * links and pairs["naive"]["cost"]["jobs"] == 2
if links == 0:
    assert "chain" not in pairs["trust"]
    assert result["kept_right"] > result["right"] and result["auroc"] > .6, result # it is not for nothing
else:
    assert [x.split("/")[-1] for x in pairs["trust"]["chain"]] == ["1", "2", "3", "4"]
END2
expect 0 "$W2S" run micro.yaml --runs a --json
says err "5 computed"
says err "trust in 1 of 4 layers ("
python3 check.py out a .2 .4 0 || fail "what is trusted"
"$W2S" run a/studies/micro/study.yaml --runs a >out 2>err
says err "0 computed, 5 found"
says out "trust (51 human labels)"
# Another share to keep is another trust and another student, and nobody else's.
expect 0 "$W2S" run micro.yaml trust.keep=.3 name=other --runs a
says err "2 computed, 3 found"
# Without it a study is as it was before there were trust functions: no states, other names.
expect 0 "$W2S" run micro.yaml methods=naive name=without --runs a --json
says err "2 computed, 1 found"
lacks err "states"
python3 - out a <<'END2' || fail "states change what a supervisor says"
import glob, json, os, sys
now, was = json.load(open(sys.argv[1])), json.load(open(f"{sys.argv[2]}/studies/micro/results.json"))
weak = [x["pairs"][0]["weak"]["jobs"][0] for x in (now, was)]
assert weak[0] != weak[1] and not os.path.exists(f"{sys.argv[2]}/jobs/{weak[0]}/states.f32")
for part in ("train", "valid", "test"):
    bits = [open(f"{sys.argv[2]}/jobs/{x}/{part}.f64", "rb").read() for x in weak]
    assert bits[0] == bits[1], part
END2

# The states are what the supervisor's head reads: its logits come of them.
expect 0 "$W2S" run micro.yaml methods=trust save=true name=saved --runs s --json
python3 - out s <<'END2' || fail "states are not what the head reads"
import json, math, struct, sys
r, runs = json.load(open(sys.argv[1])), sys.argv[2]
weak = f"{runs}/jobs/{r['pairs'][0]['weak']['jobs'][0]}"
raw = open(weak + "/model/model.safetensors", "rb").read()
size = struct.unpack("<Q", raw[:8])[0]
head = json.loads(raw[8:8 + size])["score.weight"]
rows, C = head["shape"]
score = struct.unpack(f"<{rows * C}f", raw[8 + size + head["data_offsets"][0]:8 + size + head["data_offsets"][1]])
states = open(weak + "/states.f32", "rb").read()
x = struct.unpack(f"<{len(states) // 4}f", states)
said = struct.unpack(f"<{len(x) // C * rows}d", open(weak + "/train.f64", "rb").read()[16:])
for i in range(len(x) // C):
    z = [sum(a * b for a, b in zip(score[k * C:k * C + C], x[i * C:i * C + C])) for k in range(rows)]
    assert abs(1 / (1 + math.exp(z[0] - z[1])) - said[2 * i + 1]) < 1e-5, i
END2

# What it is told is charged: other uses of as many labels are run beside it, and the supervisor that learns them keeps no states.
expect 0 "$W2S" run micro.yaml baselines=true name=beside --runs a --json
says err "run beside trust, with as many human labels: human_labels, human_labels_alone, human_labels_supervisor"
python3 - out a <<'END2' || fail "what trust is weighed against"
import glob, json, os, sys
r = json.load(open(sys.argv[1]))
pairs = {p["method"]: p for p in r["pairs"]}
assert set(pairs["trust"]["minus_baselines"]) == {"human_labels", "human_labels_alone", "human_labels_supervisor"}
assert {p["human_labels"] for m, p in pairs.items() if m != "naive"} == {51}
states = [j["label"] for j in r["jobs"] if "states" in json.load(open(f"{sys.argv[2]}/jobs/{j['hash']}/job.json"))["spec"]]
assert states == ["supervisor 1 of 4 layers"], states
END2
expect 2 "$W2S" run micro.yaml methods='[human_labels, trust]' --runs n
says err "human_labels.share is 0.1 and trust.share is 0.2: methods that are told labels are compared at one share"

# All labels kept: naive's, and its bits.
expect 0 "$W2S" run micro.yaml trust.keep=1 name=all --runs a --json
python3 - out a <<'END2' || fail "all labels trusted are not naive's"
import json, sys
pairs = {p["method"]: p for p in json.load(open(sys.argv[1]))["pairs"]}
bits = {open(f"{sys.argv[2]}/jobs/{pairs[m]['student_scores']['jobs'][0]}/test.f64", "rb").read() for m in ("naive", "trust")}
assert len(bits) == 1 and pairs["naive"]["student_scores"]["accuracy"][0] == pairs["trust"]["student_scores"]["accuracy"][0]
END2
# All truth told: nothing is left to measure it on.
expect 0 "$W2S" run micro.yaml trust.share=1 methods=trust name=told --runs a --json
python3 - out <<'END2' || fail "all truth told"
import json, sys
result = next(j["result"]["trust"] for j in json.load(open(sys.argv[1]))["jobs"] if j["role"] == "repair")
assert result["told"] == 256 and result["auroc"] is None and result["kept_right"] > .9, result
END2

# A chain: every link is trusted by its own states.
expect 0 "$W2S" run micro.yaml 'trust.through=[2,3]' name=chain --runs a --json
says err "trust in 3 of 4 layers, from 1 of 4 layers through 2 of 4 layers"
says err "student 4 layers, trust, from 1 of 4 layers through 2 of 4 layers, 3 of 4 layers"
python3 check.py out a .2 .4 2 || fail "a chain of trust"
expect 0 "$W2S" run a/studies/chain/study.yaml --runs a
says err "0 computed"

# Killed and run again: the same bits. States that are broken are said so.
sed -i 's/evals: 2/evals: 2, checkpoint_every: 0/' micro.yaml
for i in 1 2 3; do
    "$W2S" run micro.yaml 'trust.through=[2,3]' name=chain --runs cut --jobs 1 >out 2>err &
    pid=$!
    sleep .$((2 * i))
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
done
expect 0 "$W2S" run micro.yaml 'trust.through=[2,3]' name=chain --runs cut
for j in cut/jobs/*/; do
    for f in test.f64 train.f64 kept.f64 trust.f64 states.f32; do
        [ ! -f "$j/$f" ] || cmp -s "$j/$f" "a/jobs/$(basename "$j")/$f" || fail "killed and continued, other bits: $j $f"
    done
done
for f in cut/jobs/*/states.f32; do truncate -s 100 "$f"; done
expect 1 "$W2S" run micro.yaml trust.keep=.5 name=broken methods=trust --runs cut
says err "states.f32: 100 bytes, wanted 32768"

# Three classes; a judge that is fine-tuned has states, too.
three_task
expect 0 "$W2S" run micro.yaml task=three.yaml name=three --runs a --json
python3 check.py out a .2 .4 0 || fail "three classes"
expect 0 "$W2S" run micro.yaml 'supervisor.debate={form: adviser, tokens: 3}' data.max_tokens=40 methods='[trust]' name=judge --runs a
says err "0 failed"

# What cannot be learnt is a job that fails with a sentence; the rest of the study stands.
failed() { expect 1 "$W2S" run micro.yaml "$@" name=failed --runs a; }
failed trust.share=.004
says err "trust: of 1 labels whose truth is told "
says err ": what tells right from wrong cannot be learnt from them, wanted more of them (trust.share)"
says err "not run: what it stands on failed"
failed trust.c=1e-9
says err "trust: all 256 labels are trusted alike (0."
says err "with trust.c = 1e-09 nothing is learnt from the 51 whose truth is told, wanted a larger c, or more of them (trust.share)"

# What it cannot do is said before anything is computed.
no() { expect 2 "$W2S" run micro.yaml "$@" --runs n; [ -z "$(ls n/jobs 2>/dev/null)" ] || fail "something was computed: $*"; }
no trust.share=0
says err '"trust.share" is 0, wanted more than 0'
no trust.keep=0
says err '"trust.keep" is 0, wanted more than 0'
no trust.share=.001
says err "trust.share is 0.001, and of the 256 examples of data.train that is none: wanted at least 0.002"
no trust.keep=.001
says err "trust.keep is 0.001, and of the 256 examples of data.train that is none: wanted at least 0.002"
no trust.hidden=0
says err 'hidden" is 0'
no trust.k=3
says err 'unknown key "trust.k"'
no 'trust.through=[3,2]'
says err "trust.through: a chain grows, and 2 layers of $model are not larger than the model before"
no trust.through=6
says err '"trust.through" is a whole number, wanted a list of numbers of layers or of models'
no 'methods=[naive, trust, early_stop]' early_stop.of=trust
says err '"early_stop.of" is trust, wanted a method that is a training from weak labels'
stateless() { no "$1"; says err "method trust reads the last hidden states of a supervisor that is fine-tuned, and the supervisors here are $2"; }
stateless 'supervisor={simulated: [{errors: uniform, accuracy: 0.8}]}' simulated
stateless 'supervisor={layers: [1, 2], combine: mean}' "several models each"
stateless 'supervisor={layers: 1, bagging: 2}' "several models each"
stateless 'supervisor={layers: 1, learner: probe}' probes
stateless 'supervisor={layers: 1, learner: prompt, prompt: {shots: 1}}' "asked and not trained"
"$W2S" label micro.yaml name=without methods=naive --runs a >labels.csv
stateless 'supervisor={labels: labels.csv}' "labels from a file"
rated_task
expect 2 "$W2S" run micro.yaml task=rated.yaml data.train=100 data.test=60 --runs n
says err "method trust reads one hidden state of an example, and one of task rated is 2 texts"
words_task words.yaml
expect 2 "$W2S" run micro.yaml task=words.yaml methods=trust data.train=100 data.test=60 data.max_tokens=48 --runs n
says err "method trust needs the probability of each class, and the answers of task words are written"
finish
