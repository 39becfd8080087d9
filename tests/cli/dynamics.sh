#!/usr/bin/env bash
# dynamics.sh - labels chosen by how a first training took them: counted anew from what it said at its points.
. "$(dirname "$0")/lib.sh"

expect 0 "$W2S" run micro.yaml methods=naive name=plain --runs a --json
cp out plain.json
sed -i 's/^methods: .*/methods: [naive, dynamics]/' micro.yaml
printf '%s\n' 'dynamics: {share: 0.3}' >>micro.yaml
expect 0 "$W2S" run micro.yaml --runs a --json
says err "3 computed, 2 found"
says err "repair 4 layers, dynamics, from 1 of 4 layers"
cat >check.py <<'END'
import csv, json, math, os, struct, subprocess, sys
out, runs, share, by = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]
r = json.load(open(out))
K = len(r["task"]["classes"])
def array(job, name, width):
    raw = open(f"{runs}/jobs/{job}/{name}.f64", "rb").read()
    x = struct.unpack(f"<{(len(raw) - 16) // 8}d", raw[16:])
    return [x[i:i + width] for i in range(0, len(x), width)] if width > 1 else list(x)
spec = lambda job: json.load(open(f"{runs}/jobs/{job}/job.json"))["spec"]
jobs = {j["hash"]: j for j in r["jobs"]}
study = runs + "/studies/" + r["study"]["name"] + "/study.yaml"
said = subprocess.run([os.environ["W2S"], "label", study, "--runs", runs], capture_output=True, text=True, check=True).stdout
truth = {}
for x in csv.DictReader(said.splitlines()):
    truth.setdefault(int(x["seed"]), []).append(int(x["truth"]))
p = next(p for p in r["pairs"] if p["method"] == "dynamics")
for seed, (weak, student) in enumerate(zip(p["weak"]["jobs"], p["student_scores"]["jobs"])):
    labels, right = array(weak, "train", K), truth[seed]
    n = len(labels)
    named = [x.index(max(x)) for x in labels]
    choice = spec(student)["targets"]
    training = spec(choice)["training"]
    assert spec(choice)["kind"] == "dynamics" and spec(choice)["labels"] == weak and spec(training)["train_points"]
    curve = [x["step"] for x in jobs[training]["result"]["curve"]]
    assert curve[0] == 0 and not os.path.exists(f"{runs}/jobs/{training}/train@0.f64")
    assert len(curve) == 7 # three epochs of two points, and the start
    at = [array(training, f"train@{step}", K) for step in curve[1:]]
    assert all(len(x) == n for x in at)
    p_named = [[x[i][named[i]] for x in at] for i in range(n)]
    mean = [sum(x) / len(x) for x in p_named]
    spread = [math.sqrt(sum((y - m) ** 2 for y in x) / len(x)) for x, m in zip(p_named, mean)]
    assert all(abs(a - b) < 1e-12 for a, b in zip(mean, array(choice, "confidence", 1)))
    assert all(abs(a - b) < 1e-12 for a, b in zip(spread, array(choice, "variability", 1)))
    # From the program's own numbers, whose last bits decide between what is nearly equal.
    score = array(choice, by, 1)
    kept = sorted(range(n), key=lambda i: (-score[i], -max(labels[i]), i))[:int(share * n + .5)]
    assert array(choice, "train", K) == labels
    keep = [1.0 if i in set(kept) else 0.0 for i in range(n)]
    assert array(choice, "kept", 1) == keep
    good = [a == b for a, b in zip(named, right)]
    told, result = jobs[choice]["result"]["dynamics"], jobs[student]["result"]
    assert jobs[choice]["role"] == "repair" and jobs[choice]["result"]["accuracy"] is None
    assert told["labels"] == n and told["kept"] == len(kept) == result["chosen"] and told["changed"] == 0
    assert abs(told["right_before"] - sum(good) / n) < 1e-12 and abs(result["labels_right"] - sum(good) / n) < 1e-12
    assert abs(told["right_after"] - sum(good[i] for i in kept) / len(kept)) < 1e-12
    assert abs(result["chosen_right"] - told["right_after"]) < 1e-12
    assert result["steps"] == 3 * -(-len(kept) // 8)
    print(seed, told["right_before"], told["right_after"])
assert p["cost"]["jobs"] == 4, p["cost"]
END
python3 check.py out a .3 confidence || fail "chosen labels"
python3 - plain.json out <<'END' || fail "what the training keeps"
import json, sys
plain, kept = (json.load(open(f)) for f in sys.argv[1:3])
a, b = (r["pairs"][0]["student_scores"]["jobs"][0] for r in (plain, kept))
assert a != b and open(f"a/jobs/{a}/test.f64", "rb").read() == open(f"a/jobs/{b}/test.f64", "rb").read()
x, y = (json.load(open(f"a/jobs/{j}/result.json")) for j in (a, b))
# It reads its own part six times more; a forward is a third of a step, and less where blocks are frozen.
assert abs(y["predicted_tokens"] - x["predicted_tokens"] - 6 * x["tokens"] / 3) < 1e-6, (x, y)
assert 0 < y["flops"] - x["flops"] < 6 / 3 / 3 * x["flops"]
assert plain["pairs"][0]["ceiling"]["jobs"] == kept["pairs"][0]["ceiling"]["jobs"]
END
expect 0 "$W2S" run a/studies/micro/study.yaml --runs a
says err "0 computed, 5 found"
expect 0 "$W2S" run micro.yaml --runs b --dry-run
says out "repair 4 layers, dynamics, from 1 of 4 layers"

# What wavers instead of what is learnt: the same first training.
expect 0 "$W2S" run micro.yaml dynamics.by=variability name=wavers --runs a --json
says err "2 computed, 3 found"
python3 check.py out a .3 variability || fail "variable labels"
says a/studies/wavers/study.yaml "by: variability"
expect 0 "$W2S" run a/studies/wavers/study.yaml --runs a
says err "0 computed, 5 found"
# Without naive beside it, it has its training all the same; stopping early takes points of it too.
expect 0 "$W2S" run micro.yaml methods=dynamics name=alone --runs a
says err "0 computed, 5 found"
expect 0 "$W2S" run micro.yaml 'methods=[dynamics, early_stop]' name=both --runs a --json
python3 check.py out a .3 confidence || fail "beside early stopping"
# All of them: naive, bit for bit.
expect 0 "$W2S" run micro.yaml dynamics.share=1 name=all --runs a --json
python3 - out <<'END' || fail "all of the labels are not naive's"
import json, sys
bits = [open(f"a/jobs/{p['student_scores']['jobs'][0]}/test.f64", "rb").read() for p in json.load(open(sys.argv[1]))["pairs"]]
assert len(bits) == 2 and bits[0] == bits[1]
END
expect 0 "$W2S" run micro.yaml seeds=2 name=seeds --runs a --json
python3 check.py out a .3 confidence || fail "two seeds"

# Killed among its points and run again: the same bits.
sed 's/evals: 2/evals: 2, checkpoint_every: 0/' micro.yaml >slow.yaml
killed=0
for points in 2 5; do
    "$W2S" run slow.yaml name=micro --runs cut --jobs 1 >out 2>err &
    pid=$!
    for i in $(seq 1 2000); do
        [ "$(ls cut/work/*/train@*.f64 2>/dev/null | wc -l)" -ge $points ] && break
        kill -0 $pid 2>/dev/null || break
        sleep .005
    done
    kill -9 $pid 2>/dev/null && killed=$((killed + 1))
    wait $pid 2>/dev/null
done
[ $killed -ge 1 ] || fail "no kill hit it"
expect 0 "$W2S" run slow.yaml name=micro --runs cut
for f in cut/jobs/*/*.f64; do
    cmp -s "$f" "a/${f#cut/}" || fail "killed and continued, other bits: $f"
done

# Three classes; rewards; labels that are nobody's model's; random weights.
three_task
expect 0 "$W2S" run micro.yaml task=three.yaml name=three --runs a --json
python3 check.py out a .3 confidence || fail "three classes"
rated_task
expect 0 "$W2S" run micro.yaml task=rated.yaml data.supervise=32 data.train=100 data.test=60 name=reward --runs a --json
python3 check.py out a .3 confidence || fail "rewards"
# Errors anywhere are learnt late: what is learnt best is right more often.
expect 0 "$W2S" run micro.yaml supervisor='{simulated: [{errors: uniform, accuracy: 0.8}]}' name=sim --runs a --json
python3 check.py out a .3 confidence >told || fail "simulated labels"
python3 - told <<'END' || fail "uniform errors are found"
import sys
seed, before, after = map(float, open(sys.argv[1]).read().split())
assert abs(before - .8) < .01 and after > .87, (before, after)
END
expect 0 "$W2S" run micro.yaml supervisor.bagging=2 name=several --runs a

# A damaged file is a sentence that says what to do.
expect 0 "$W2S" run micro.yaml name=hurt --runs hurt
choice=$(basename "$(dirname hurt/jobs/*/confidence.f64)")
rm -r "hurt/jobs/$choice"
training=$(dirname hurt/jobs/*/train@96.f64)
head -c 100 "$training/train@96.f64" >cut.f64 && cp cut.f64 "$training/train@96.f64"
expect 1 "$W2S" run micro.yaml name=hurt --runs hurt
says err "train@96.f64: cut short: 100 bytes, wanted 4112 for 512 numbers; delete that folder and run the study again"
rm -r "$training"
expect 0 "$W2S" run micro.yaml name=hurt --runs hurt
cmp -s "hurt/jobs/$choice/confidence.f64" "a/jobs/$choice/confidence.f64" || fail "other dynamics after a file was damaged"

# What it cannot do is said before anything is computed.
expect 2 "$W2S" run micro.yaml student.evals=0 --runs n
says err "method dynamics goes by the points of a training, and there are none, as the student's evals is 0"
expect 2 "$W2S" run micro.yaml student.epochs=0 --runs n
says err "as the student's epochs is 0"
expect 2 "$W2S" run micro.yaml dynamics.by=variability student.epochs=1 student.evals=1 --runs n
says err "variability is between points of a training, and there is one"
expect 2 "$W2S" run micro.yaml dynamics.by=variability student.epochs=1 student.batch=256 --runs n
says err "and there is one"
expect 2 "$W2S" run micro.yaml dynamics.by=entropy --runs n
one_sentence
says err 'by" is "entropy", wanted one of confidence, variability'
expect 2 "$W2S" run micro.yaml dynamics.share=0 --runs n
one_sentence
says err 'share" is 0, wanted more than 0'
expect 2 "$W2S" run micro.yaml dynamics.weight=1 --runs n
says err 'unknown key "dynamics.weight"; known are share, by'
expect 2 "$W2S" run micro.yaml 'methods=[early_stop]' early_stop.of=dynamics --runs n
says err 'of" is dynamics, wanted a method that is a training from weak labels'
expect 2 "$W2S" run micro.yaml student='{layers: 4, learner: prompt, prompt: {shots: 0}}' --runs n
says err "method dynamics trains, and the students are asked"
expect 2 "$W2S" run micro.yaml student='{layers: 4, learner: probe}' --runs n
says err "method dynamics is a way of fine-tuning, and the student's learner is a probe"
words_task words.yaml
expect 2 "$W2S" run micro.yaml task=words.yaml data.train=100 data.test=60 data.max_tokens=48 --runs n
says err "method dynamics needs the probability of each class, and the answers of task words are written"
[ ! -d n/jobs ] || [ -z "$(ls n/jobs)" ] || fail "something was computed"
finish
