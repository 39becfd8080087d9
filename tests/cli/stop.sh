#!/usr/bin/env bash
# stop.sh - students that stop early: the point that the validation part's labels, or its truth, say is best; its bits are those of a training that ends there.
. "$(dirname "$0")/lib.sh"

stops="methods=[naive,early_stop,early_stop_truth]"
expect 0 "$W2S" run micro.yaml "$stops" seeds=2 student.evals=4 name=stops --runs r --json
cp out stops.json
expect 0 "$W2S" run micro.yaml methods=naive seeds=2 student.evals=4 name=plain --runs r --json
cp out plain.json
cat >check.py <<'END2'
import json, struct, sys
def array(job, name):
    data = open(f"r/jobs/{job}/{name}.f64", "rb").read()
    n, = struct.unpack("<Q", data[8:16])
    assert len(data) == 16 + 8 * n
    return struct.unpack(f"<{n}d", data[16:])
stops, plain = (json.load(open(f)) for f in sys.argv[1:3])
pairs = {p["method"]: p for p in stops["pairs"]}
jobs = {j["hash"]: j for j in stops["jobs"]}
others = set()
for method, key in (("early_stop", "weak_accuracy"), ("early_stop_truth", "accuracy")):
    p = pairs[method]
    assert p["upper_bound"] == (method == "early_stop_truth")
    epochs = []
    for naive, hash in zip(pairs["naive"]["student_scores"]["jobs"], p["student_scores"]["jobs"]):
        curve = jobs[naive]["result"]["curve"]
        assert len(curve) == 13 and all(0 <= x["test_accuracy"] <= 1 for x in curve)
        best = max(curve, key=lambda x: x[key]) # the first of equals
        x = jobs[hash]["result"]
        assert x["stopped"] == {k: best[k] for k in ("step", "epoch", "accuracy", "weak_accuracy")}, (x["stopped"], best)
        assert x["curve"] == [] and x["tokens"] == 0 and x["flops"] == 0
        got = array(hash, "test")
        assert got == array(naive, f"test@{best['step']}")
        assert x["accuracy"] == best["test_accuracy"]
        others.add(best["step"] != curve[-1]["step"])
        epochs.append(best["epoch"])
        # The last point is the student that never stops.
        assert array(naive, f"test@{curve[-1]['step']}") == array(naive, "test")
    assert abs(p["stopped_epoch"] - sum(epochs) / 2) < 1e-12
    # No second training: what it costs more than naive is the test at the points it chose among.
    points = sum(jobs[h]["result"]["aside"]["test_points"]["flops"] for h in pairs["naive"]["student_scores"]["jobs"]) / 2
    assert p["cost"]["jobs"] == 3 and points > 0 and abs((pairs["naive"]["cost"]["flops"] + points) / p["cost"]["flops"] - 1) < 1e-12
assert True in others, "every choice was the last point: nothing was tested"
# Who keeps its points is the same student.
for a, b in zip(pairs["naive"]["student_scores"]["jobs"], plain["pairs"][0]["student_scores"]["jobs"]):
    assert a != b and array(a, "test") == array(b, "test")
    assert "test_accuracy" not in json.load(open(f"r/jobs/{b}/result.json"))["curve"][0]
assert plain["pairs"][0]["ceiling"]["jobs"] == pairs["naive"]["ceiling"]["jobs"]
assert abs(plain["pairs"][0]["cost"]["flops"] / pairs["naive"]["cost"]["flops"] - 1) < 1e-12
END2
python3 check.py stops.json plain.json || fail "a point is another than the curve says is best"
says r/studies/stops/curves.csv "weak_accuracy,test_accuracy"
says r/studies/stops/report.html "early_stop_truth (upper bound)"
expect 0 "$W2S" report stops --runs r
says out "early_stop_truth (upper bound)"

# Where the learning rate does not depend on the end, the point at an epoch's end is the training of one epoch.
expect 0 "$W2S" run micro.yaml methods=early_stop student.schedule=constant name=long --runs r --json
cp out long.json
expect 0 "$W2S" run micro.yaml methods=naive student.schedule=constant student.epochs=1 name=short --runs r --json
python3 - long.json out <<'END2' || fail "a point is not the training that ends there"
import json, sys
long, short = (json.load(open(f)) for f in sys.argv[1:3])
training = next(j for j in long["jobs"] if j["role"] == "student" and j["method"] == "naive")
step = next(x["step"] for x in training["result"]["curve"] if x["epoch"] == 1)
read = lambda job, name: open(f"r/jobs/{job}/{name}.f64", "rb").read()
assert read(training["hash"], f"test@{step}") == read(short["pairs"][0]["student_scores"]["jobs"][0], "test")
END2

# Of another loss; and of a reward, whose rewards are the point's too.
expect 0 "$W2S" run micro.yaml 'methods=[confidence,early_stop]' early_stop.of=confidence --runs r --json
python3 - out <<'END2' || fail "of another loss it is another training"
import json, sys
r = json.load(open(sys.argv[1]))
assert sum(j["role"] == "student" for j in r["jobs"]) == 2
END2
says r/studies/micro-*/study.yaml "of: confidence"
rated_task
expect 0 "$W2S" run micro.yaml task=rated.yaml "$stops" data.supervise=32 data.train=100 data.test=60 name=rewards --runs r --json
python3 - out <<'END2' || fail "a reward's point is not its own"
import json, sys
r = json.load(open(sys.argv[1]))
jobs = {j["hash"]: j["result"] for j in r["jobs"]}
pairs = {p["method"]: p for p in r["pairs"]}
naive = pairs["naive"]["student_scores"]["jobs"][0]
for m in ("early_stop", "early_stop_truth"):
    h = pairs[m]["student_scores"]["jobs"][0]
    step = jobs[h]["stopped"]["step"]
    for own, point in (("test", "test"), ("rewards", "rewards")):
        assert open(f"r/jobs/{h}/{own}.f64", "rb").read() == open(f"r/jobs/{naive}/{point}@{step}.f64", "rb").read()
END2

# The curve on the test part, of students and ceilings, where it is asked for.
expect 0 "$W2S" run micro.yaml test_curve=true methods=naive name=curve --runs r --json
python3 - out <<'END2' || fail "test_curve is not the students' and ceilings' alone"
import json, sys
for j in json.load(open(sys.argv[1]))["jobs"]:
    assert all(("test_accuracy" in x) == (j["role"] != "supervisor") for x in j["result"]["curve"]), j["label"]
END2

# Killed between points and continued: the same bits.
sed 's/evals: 2/evals: 4, checkpoint_every: 0/' micro.yaml >slow.yaml
bits() { (cd "$1" && find jobs -name '*.f64' | LC_ALL=C sort | xargs sha256sum); }
expect 0 "$W2S" run slow.yaml "$stops" --runs whole
killed=0
for points in 2 5 9; do
    "$W2S" run slow.yaml "$stops" --jobs 1 --runs cut >out 2>err &
    pid=$!
    for i in $(seq 1 1000); do
        [ "$(ls cut/work/*/test@*.f64 2>/dev/null | wc -l)" -ge $points ] && break
        kill -0 $pid 2>/dev/null || break
        sleep .005
    done
    kill -9 $pid 2>/dev/null && killed=$((killed + 1))
    wait $pid 2>/dev/null
done
[ $killed -ge 2 ] || fail "only $killed kills hit it"
expect 0 "$W2S" run slow.yaml "$stops" --runs cut
[ "$(bits whole)" = "$(bits cut)" ] || fail "killed and continued, other bits"

# What it cannot do is said before anything is computed.
expect 2 "$W2S" run micro.yaml methods=early_stop data.valid=0 --runs n
says err "method early_stop chooses a point of the curve by the validation part, and data.valid is 0"
expect 2 "$W2S" run micro.yaml methods=early_stop_truth student.evals=0 --runs n
says err "to stop early: the curve of a student has no points, as its evals is 0"
expect 2 "$W2S" run micro.yaml methods=early_stop early_stop.of=early_stop_truth --runs n
says err 'of" is early_stop_truth, wanted a method that is a training from weak labels'
expect 2 "$W2S" run micro.yaml methods=early_stop early_stop.alpha_max=1 --runs n
says err 'unknown key "early_stop.alpha_max"; known are of'
expect 2 "$W2S" run micro.yaml methods=naive test_curve=true student='{layers: 4, learner: prompt, prompt: {shots: 0}}' --runs n
says err '"test_curve": students of learner prompt have no curve'
words_task words.yaml
expect 2 "$W2S" run micro.yaml methods=early_stop task=words.yaml data.train=40 data.test=30 --runs n
says err "to stop early: the answers of task words are written"
expect 2 "$W2S" run micro.yaml methods=naive test_curve=true task=words.yaml data.train=40 data.test=30 --runs n
says err '"test_curve": the answers of task words are written'
printf 'id,negative,positive\n' >labels.csv
expect 0 "$W2S" label micro.yaml --examples --runs r
python3 - out <<'END2' >>labels.csv
import csv, sys
for x in csv.DictReader(open(sys.argv[1], newline="")):
    if x["part"] in ("train", "test"):
        print(f"{x['id']},{.1 if x['truth'] == '1' else .8},{.9 if x['truth'] == '1' else .2}")
END2
sed 's/^supervisor:.*/supervisor: {labels: labels.csv}/' micro.yaml >labels.yaml
expect 2 "$W2S" run labels.yaml methods=early_stop --runs n
says err "method early_stop chooses by the supervisor's labels of the validation part, and"
expect 0 "$W2S" run labels.yaml methods=early_stop_truth --runs n
finish
