#!/usr/bin/env bash
# micro.sh - a study from end to end, on a micro model: the same bits twice, found again, overridden, reported.
. "$(dirname "$0")/lib.sh"

numbers() { # all predictions of all jobs, and the pairs of the results
    (cd "$1" && find jobs -name '*.f64' | LC_ALL=C sort | xargs sha256sum)
}

expect 0 "$W2S" run micro.yaml --runs a
says out "PGR"
says out "a/studies/micro/report.html"
says out "1 of 4 layers"
expect 0 "$W2S" run micro.yaml --runs b
[ "$(numbers a)" = "$(numbers b)" ] || fail "the same study gave other bits"
[ "$(numbers a | wc -l)" -ge 9 ] || fail "predictions are missing"

# Found again: nothing is computed, the numbers stay.
expect 0 "$W2S" run micro.yaml --runs a
says err "0 computed, 4 found"
first=$(sha256sum <a/studies/micro/results.csv)
# Another student: its supervisor is found, and the first study's results stay.
expect 0 "$W2S" run micro.yaml student.layers=3 --runs a
says err "3 computed, 1 found"
[ "$first" = "$(sha256sum <a/studies/micro/results.csv)" ] || fail "an override wrote over the study's results"

# Ground truth as weak label: PGR exactly 1, and no job more than the ceiling.
expect 0 "$W2S" run micro.yaml controls=true --runs a --json
python3 - out <<'END' || fail "control, shape of results.json, or intervals"
import json, sys
r = json.load(open(sys.argv[1]))
pairs = r["pairs"]
control = [p for p in pairs if p["control"]]
assert len(control) == 1 and len(pairs) == 3, len(pairs)
assert control[0]["pgr_undefined"] is None and control[0]["pgr"] == [1.0, 1.0, 1.0], control[0]["pgr"]
# The micro study shows something: a supervisor above chance, a ceiling near the labels' noise, a PGR for every method.
weak, ceiling = pairs[0]["weak"]["accuracy"], pairs[0]["ceiling"]["accuracy"]
assert weak[1] > .55 and weak[0] < .85 and .85 < ceiling[0] <= .96, (weak, ceiling)
for p in pairs:
    assert p["pgr_undefined"] is None
    want = (p["student_scores"]["accuracy"][0] - weak[0]) / (ceiling[0] - weak[0])
    assert abs(p["pgr"][0] - want) < 1e-9, (p["pgr"], want)
assert control[0]["student_scores"]["jobs"] == control[0]["ceiling"]["jobs"]
for p in pairs:
    for role in ("weak", "student_scores", "ceiling"):
        v, lo, hi = p[role]["accuracy"]
        assert 0 <= lo <= v <= hi <= 1
    assert p["weak"]["jobs"] == pairs[0]["weak"]["jobs"]
assert len(r["examples"]["items"]) == 200 and r["task"]["test"] == 200
labels = [x["label"] for x in r["examples"]["items"]]
assert sum(labels) == 100
assert all(abs(sum(q) - 1) < 1e-9 for x in r["examples"]["items"] for q in x["probs"])
END

# alpha_max 0 is naive, bit for bit.
expect 0 "$W2S" run micro.yaml confidence.alpha_max=0 --runs a --json
python3 - out <<'END' || fail "alpha_max 0 is not naive"
import json, sys
pairs = json.load(open(sys.argv[1]))["pairs"]
a, b = (next(p for p in pairs if p["method"] == m) for m in ("naive", "confidence"))
assert a["student_scores"]["accuracy"] == b["student_scores"]["accuracy"]
assert a["student_scores"]["auroc"] == b["student_scores"]["auroc"]
END

# So is every method whose parameter does nothing; each by itself is something else.
every='naive, product_of_experts, label_smoothing, reverse_kl, reverse_xent, symmetric_xent, focal, kl'
expect 0 "$W2S" run micro.yaml methods="[$every]" product_of_experts.alpha_max=0 label_smoothing.alpha_max=0 \
    reverse_kl.alpha_max=0 reverse_xent.alpha_max=0 symmetric_xent.alpha_max=0 focal.gamma=0 kl.temperature=1 \
    name=limits --runs a --json
cp out limits
expect 0 "$W2S" run micro.yaml methods="[$every]" name=methods --runs a --json
python3 - limits out <<'END' || fail "the methods are not what they say"
import json, sys
limits, full = ({p["method"]: {k: v for k, v in p["student_scores"].items() if k != "jobs"}
                 for p in json.load(open(f))["pairs"]} for f in sys.argv[1:])
assert len(limits) == len(full) == 8
assert all(s == limits["naive"] for s in limits.values()), limits
scores = [json.dumps(s, sort_keys=True) for s in full.values()]
assert len(set(scores)) == 8, full
END
expect 2 "$W2S" run micro.yaml methods=focal focal.alpha_max=1 --runs c
says err 'unknown key "focal.alpha_max"; known are gamma'
expect 2 "$W2S" run micro.yaml methods=kl kl.temperature=0 --runs c
says err '"kl.temperature" is 0, wanted a number from 0.01 to 100'

# What was changed is said over the numbers.
expect 0 "$W2S" run micro.yaml student.layers=3 methods=naive --runs a
says out "toy.yaml: model (1 layer) supervising model (3 layers); with methods=naive"
expect 0 "$W2S" run micro.yaml methods=naive bootstrap=300 --runs a
says out "A micro study; with methods=naive, bootstrap=300"
expect 0 "$W2S" run micro.yaml methods=naive student.layers=3 title=Mine --runs a
says out "Mine"
# Without a standard stream nothing of ours is taken for it; the report's command is what a shell reads back.
expect 0 "$W2S" run micro.yaml methods=naive title="it's \$mine" name=quoted --runs closed
python3 - closed/studies/quoted/results.json <<'END' || fail "the command in the results is another"
import json, shlex, sys
assert "title=it's $mine" in shlex.split(json.load(open(sys.argv[1]))["study"]["command"])
END
rm -r closed
"$W2S" run micro.yaml methods=naive --runs closed --jobs 1 2>&- >out || fail "without standard error it fails"
[ -z "$(find closed -name '*lock' -size +0)" ] || fail "what was for standard error is in a lock: $(find closed -name '*lock' -size +0)"
# So is how each side learns, under the table and in the report, and what of a model its first layers are.
tr -s ' \n' ' ' <out >flat
learns="Supervisors train all but the embeddings (learning rate 0.0025, 1 epoch); students and ceilings train the top 3 blocks, the final norm and the head (learning rate 0.01, 3 epochs)."
says flat "$learns N of M layers: the first N of the model and its final norm."
says "$(dirname "$(sed -n 's/^report: //p' out)")/report.html" "$learns"
# Okabe and Ito's blue is too dark for a dark page.
says "$(dirname "$(sed -n 's/^report: //p' out)")/report.html" 'svg [stroke="rgb(  0, 114, 178)"]{stroke:#6CB8E6}'
# A word that the tokenizer does not know is said once, not by every job.
sed 's/" good"/" splendidly"/' toy.yaml >word.yaml
expect 0 "$W2S" run micro.yaml methods=naive task=word.yaml --runs a
[ "$(grep -c 'label word " splendidly" is not one token' err)" = 1 ] || fail "a label word is warned of $(grep -c 'is not one token' err) times"
# Nothing learns in no epochs.
expect 0 "$W2S" run micro.yaml methods=naive training.epochs=0 --runs a
says err "the student trains 0 epochs: it stays as it starts"

# Seeds: two repetitions, another split each.
expect 0 "$W2S" run micro.yaml seeds=2 methods=naive --runs a --json
python3 - out <<'END' || fail "two seeds"
import json, sys
r = json.load(open(sys.argv[1]))
assert len(r["pairs"]) == 1 and r["pairs"][0]["seeds"] == 2
assert len(r["pairs"][0]["per_seed"]) == 2
assert len(r["pairs"][0]["weak"]["jobs"]) == 2 and len(set(r["pairs"][0]["weak"]["jobs"])) == 2
END

# Every number of a pair that is a mean over seeds, once more from the predictions alone.
expect 0 "$W2S" run micro.yaml seeds=3 methods=naive name=three --runs a --json
python3 - out a/studies/three/predictions.csv <<'END' || fail "numbers of a pair are not those of its predictions"
import csv, json, sys
pair = json.load(open(sys.argv[1]))["pairs"][0]
rows = list(csv.DictReader(open(sys.argv[2])))
def column(start):
    return next(c for c in rows[0] if c.startswith(start) and c.endswith(": positive"))
columns = {"weak": column("supervisor "), "student_scores": column("student "), "ceiling": column("ceiling ")}
mean = lambda x: sum(x) / len(x)
def auroc(y, p):
    up, down = [b for a, b in zip(y, p) if a], [b for a, b in zip(y, p) if not a]
    return mean([(u > d) + .5 * (u == d) for u in up for d in down])
def prior_matched(y, p):
    n = sum(y)
    at = sorted(p, reverse=True)[n - 1]
    above, tied = [a for a, b in zip(y, p) if b > at], [a for a, b in zip(y, p) if b == at]
    share = (n - len(above)) / len(tied)
    below = sum(1 - a for a, b in zip(y, p) if b < at)
    return (sum(above) + sum(share * a + (1 - share) * (1 - a) for a in tied) + below) / len(y)
def ece(y, p):
    bins = [[] for _ in range(10)]
    for a, b in zip(y, p):
        sure = max(b, 1 - b)
        bins[min(9, int(10 * sure))].append((sure, (b > .5) == a))
    return sum(abs(sum(s for s, _ in x) - sum(r for _, r in x)) for x in bins) / len(y)
def brier(y, p):
    return mean([2 * (a - b) ** 2 for a, b in zip(y, p)])
scores = {"auroc": auroc, "prior_matched_accuracy": prior_matched, "ece": ece, "brier": brier,
          "accuracy": lambda y, p: mean([(b > .5) == a for a, b in zip(y, p)])}
seeds = sorted({r["seed"] for r in rows})
assert len(seeds) == 3
of = {s: [r for r in rows if r["seed"] == s] for s in seeds}
truth = {s: [int(r["label"]) for r in of[s]] for s in seeds}
probs = {(role, s): [float(r[c]) for r in of[s]] for role, c in columns.items() for s in seeds}
for role in columns:
    for name, score in scores.items():
        per = [score(truth[s], probs[role, s]) for s in seeds]
        told = pair[role][name]
        told = told[0] if name == "accuracy" else told
        assert abs(told - mean(per)) < 1e-9, (role, name, told, per)
        assert role != "weak" or len(set(per)) > 1, (name, "is the same for every seed: a first seed would pass for a mean")
def repeats(role, right):
    shares = []
    for s in seeds:
        w = [p > .5 for p in probs["weak", s]]
        who = [i for i in range(len(w)) if (w[i] == truth[s][i]) == right]
        shares.append(mean([(probs[role, s][i] > .5) == w[i] for i in who]))
    return mean(shares)
for told, want in ((pair["agreement"]["supervisor_right"], repeats("student_scores", True)),
                   (pair["agreement"]["supervisor_wrong"], repeats("student_scores", False)),
                   (pair["error_inheritance"]["student"], repeats("student_scores", False)),
                   (pair["error_inheritance"]["ceiling"], repeats("ceiling", False))):
    assert abs(told[0] - want) < 1e-9, (told, want)
END

# Repetitions that would be the same jobs are refused; init draws nothing for weights from a file and heads from label words.
for held in '[split, label, order]' '[split, label, init, order]' '[split, order]'; do
    expect 2 "$W2S" run micro.yaml seeds=3 "hold=$held" methods=naive --runs a
    grep '^w2s: ' err >rest && mv rest err
    one_sentence
    says err '"seeds" is 3, but with what "hold" keeps the repetitions would be the same jobs: leave order, or split, out of it'
done
expect 0 "$W2S" run micro.yaml methods=naive --runs a
tr -s ' \n' ' ' <out >flat
says flat "One seed, so the intervals leave out what another training run would change."
# How many examples supervise is nothing to the ceiling: a sweep over it has one.
expect 0 "$W2S" run micro.yaml data.supervise=40 methods=naive --runs a
says err "2 computed, 1 found"

# Pairs whose student is the smaller one are named, not dropped; so is what was cut.
expect 0 "$W2S" run micro.yaml supervisor.layers='[1, 3]' student.layers='[2, 4]' methods=naive data.max_tokens=5 --runs a --json
cp out ladder.json
python3 - ladder.json <<'END' || fail "left out pairs, truncation"
import json, sys
r = json.load(open(sys.argv[1]))
ids = lambda p: (p["supervisor"].rsplit("/")[-1], p["student"].rsplit("/")[-1])
assert [ids(p) for p in r["left_out"]] == [("3", "2")], r["left_out"]
assert [ids(p) for p in r["pairs"]] == [("1", "2"), ("1", "4"), ("3", "4")]
assert {p["student"] for p in r["left_out"]} <= {m["id"] for m in r["models"]}
for j in r["jobs"]:
    cut = j["result"]["truncated"]
    parts = {"train", "valid", "test"} | ({"supervise"} if j["role"] == "supervisor" else set())
    assert set(cut) == parts and all(0 < cut[k] <= r["task"][k] for k in cut), cut
END
expect 0 "$W2S" run micro.yaml supervisor.layers='[1, 3]' student.layers='[2, 4]' methods=naive data.max_tokens=5 --runs a
says err "1 of 4 pairs of a supervisor and a student are left out"
tr -s ' \n' ' ' <out >flat
says flat "smaller than the supervisor: 1 pair: 3 of 4 layers -> 2 of 4 layers."
says flat "Cut to 5 tokens, the same texts for every model (first seed): "
says flat "Warning:"
says flat "Warning: the cut made texts equal: of "
python3 - ladder.json err <<'END' || fail "texts that the cut made equal"
import json, sys
task, err = json.load(open(sys.argv[1]))["task"], open(sys.argv[2]).read()
assert 0 < task["shared"]["test"] <= task["test"] and task["repeated"]["train"] > 0, task
repeated, shared = sum(task["repeated"].values()), sum(task["shared"].values())
assert f"cut to 5 tokens, {repeated} of 508 texts equal another of their part and {shared} one of another part (of test: " in err, err
END

# Every method has its column of the predictions, also where two come to the same job, as the control does to its ceiling's.
expect 0 "$W2S" run micro.yaml 'methods=[naive,symmetric_xent,reverse_xent]' symmetric_xent.alpha_max=.4 reverse_xent.alpha_max=.4 controls=true training.epochs=1 name=columns --runs a
python3 - a/studies/columns/predictions.csv <<'END' || fail "a method or the control has no column of its own"
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert len(next(csv.reader(open(sys.argv[1], newline="")))) == 5 + 2 * 6 # supervisor, ceiling, naive and two more, the control
def said(start, holds=""):
    (c,) = (c for c in rows[0] if c.startswith(start) and holds in c and c.endswith(": positive"))
    return [x[c] for x in rows]
a, b = (said("student ", f"/4 {m} from ") for m in ("symmetric_xent", "reverse_xent"))
assert a == b and a != said("student ", "/4 naive from ") and said("student ", "/4 ground truth from ") == said("ceiling ") != a
END

# Every number as CSV: results.csv, curves.csv, predictions.csv, two seeds.
expect 0 "$W2S" run micro.yaml seeds=2 methods=naive name=csv --runs a --json
python3 - out a/studies/csv* <<'END' || fail "the CSV files are not what results.json says"
import csv, json, sys
r = json.load(open(sys.argv[1]))
rows = {n: list(csv.DictReader(open(f"{sys.argv[2]}/{n}.csv", newline=""))) for n in ("results", "curves", "predictions")}
jobs = {j["hash"]: j for j in r["jobs"]}
assert len(jobs) == 6
points = [(j["hash"], c) for j in r["jobs"] for c in j["result"]["curve"]]
assert len(points) == len(rows["curves"]) >= 6 * 5
for (h, c), row in zip(points, rows["curves"]):
    assert row["job"] == h and row["role"] == jobs[h]["role"] and int(row["seed"]) == jobs[h]["seed"]
    for k, v in c.items():
        assert (row[k] == "") == (v is None) and (v is None or float(row[k]) == v), (k, v, row[k])
assert all(x["measure"] for x in rows["results"])
got = {(x["job"], x["measure"]): x["value"] for x in rows["results"] if x["job"]}
for h, j in jobs.items():
    for k in ("accuracy", "seconds", "tokens", "steps", "final_loss"):
        assert float(got[h, "job " + k]) == j["result"][k], k
    for k, v in j["scores"].items():
        assert float(got[h, "job " + k]) == v, k
    assert float(got[h, "job truncated test"]) == j["result"]["truncated"]["test"]
p = r["pairs"][0]
got = {x["measure"]: x for x in rows["results"] if not x["job"] and not x["seed"]}
for m, v in (("gain", p["gain"]), ("gap", p["gap"]), ("pgr", p["pgr"]), ("weak accuracy", p["weak"]["accuracy"]),
             ("agreement supervisor_wrong", p["agreement"]["supervisor_wrong"]),
             ("error_inheritance ceiling", p["error_inheritance"]["ceiling"])):
    assert [float(got[m][k]) if got[m][k] else None for k in ("value", "lo", "hi")] == v, m
assert p["error_inheritance"]["student"] == p["agreement"]["supervisor_wrong"]
# predictions of two seeds; accuracies recomputed from them
pred = rows["predictions"]
n_test = r["task"]["test"]
assert len(pred) == 2 * n_test and len({(x["seed"], x["id"]) for x in pred}) == 2 * n_test
columns = list(pred[0])[5:]
assert len(columns) == 3 * 2 and all(": negative" in c for c in columns[::2]) and all(": positive" in c for c in columns[1::2])
for j in r["jobs"]:
    a, b = [c for c in columns if c.startswith(j["role"] + " ")]
    mine = [x for x in pred if int(x["seed"]) == j["seed"]]
    right = sum((float(x[b]) > float(x[a])) == (x["label"] == "1") for x in mine)
    assert right / n_test == j["result"]["accuracy"], (right, j["result"]["accuracy"])
    # prior-matched accuracy: as many called positive as there are, counted again here
    order = sorted(mine, key=lambda x: -float(x[b]))
    n = sum(x["label"] == "1" for x in mine)
    scores = [float(x[b]) for x in order]
    if scores[n - 1] != scores[n]:
        again = sum((i < n) == (x["label"] == "1") for i, x in enumerate(order)) / n_test
        assert abs(again - j["scores"]["prior_matched_accuracy"]) < 1e-12
for x, item in zip(pred, r["examples"]["items"]):
    assert (x["id"], int(x["label"]), x["source"]) == (item["id"], item["label"], item["source"])
END

# Two students of two methods: each is compared with the naive one of its own depth. A student's curve ends where its predictions
# are: as right, and as much of its supervisor's mind. Eight questions of five texts each are eight, not forty.
expect 0 "$W2S" run micro.yaml student.layers='[2, 4]' confidence.alpha_max=1 training.epochs=1 name=two --runs a --json
python3 - out a <<'END' || fail "minus_naive, or weak_accuracy of a curve"
import array, csv, json, sys
r = json.load(open(sys.argv[1]))
pred = list(csv.DictReader(open(f"{sys.argv[2]}/studies/two/predictions.csv", newline="")))
def accuracy(layers, method):
    (c,) = (c for c in pred[0] if c.startswith("student ") and f"/{layers} {method} " in c and c.endswith(": positive"))
    return sum((float(x[c]) > .5) == (x["label"] == "1") for x in pred) / len(pred)
naive = {k: accuracy(k, "naive") for k in (2, 4)}
found, weak = 0, r["pairs"][0]["weak"]["accuracy"][0]
assert len({naive[2], naive[4], weak}) == 3, (naive, weak)
for p in r["pairs"]:
    assert ("minus_naive" in p) == (p["method"] == "confidence")
    if "minus_naive" in p:
        k = int(p["student"].rsplit("/")[-1])
        v, lo, hi = p["minus_naive"]
        one = p["minus_naive_p"]
        assert 0 < one <= 1 and one == p["minus_naive_holm"], p # one other method is no family
        assert (lo > 0 or hi < 0) == (one < .05), (p["minus_naive"], one)
        assert abs(v - (accuracy(k, "confidence") - naive[k])) < 1e-9 and lo <= v <= hi, (k, p["minus_naive"], naive)
        found += 1
assert found == 2
def classes(job):
    a = array.array("d", open(f"{sys.argv[2]}/jobs/{job}/valid.f64", "rb").read()[16:])
    return [a[i + 1] > a[i] for i in range(0, len(a), 2)]
(weak,) = (j["hash"] for j in r["jobs"] if j["role"] == "supervisor")
for j in r["jobs"]:
    curve = [c["weak_accuracy"] for c in j["result"]["curve"]]
    if j["role"] == "student":
        same = [x == y for x, y in zip(classes(j["hash"]), classes(weak))]
        assert len(same) == 20 and curve[-1] == sum(same) / 20 and None not in curve, (curve, same)
    else:
        assert set(curve) == {None}, curve
END
awk '{sub(/\{/, "{\"q\": " int(NR / 5) ", "); print}' toy.jsonl >grouped.jsonl
sed -e 's/toy.jsonl/grouped.jsonl/' -e 's/label: label}/label: label, q: q}/' -e '$a group: q' toy.yaml >grouped.yaml
expect 0 "$W2S" run micro.yaml task=grouped.yaml data.test=40 training.epochs=1 methods=naive --runs a --json
python3 - out <<'END' || fail "texts of one question are drawn as if they were of many"
import json, sys
(p,) = json.load(open(sys.argv[1]))["pairs"]
assert p["gain"][1:] == [None, None] == p["weak"]["accuracy"][1:], p
END

# Repetitions that differ by the random weights alone do differ.
expect 0 "$W2S" run micro.yaml supervisor.weights=random student.weights=random seeds=2 'hold=[split, label, order]' methods=naive training.epochs=1 \
    name=init --runs a
python3 - a/studies/init/predictions.csv <<'END' || fail "the seed init of a repetition draws nothing else"
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
one, two = ([list(x.values())[1:] for x in rows if x["seed"] == s] for s in "01")
assert len(one) == 200 and [x[:4] for x in one] == [x[:4] for x in two]
for c in range(4, len(one[0])):
    assert [x[c] for x in one] != [x[c] for x in two], c
END

# From random weights: other jobs, named as such, even where model and layers are the same as on the other side.
expect 0 "$W2S" run micro.yaml supervisor.layers=4 supervisor.weights=random methods=naive --runs a --json
python3 - out <<'END' || fail "random weights"
import json, sys
r = json.load(open(sys.argv[1]))
assert sorted(m["random"] for m in r["models"]) == [False, True] and len({m["id"] for m in r["models"]}) == 2
assert any("random weights" in m["label"] for m in r["models"])
END
says err "supervisor 4 layers, random weights: accuracy"
expect 0 "$W2S" run micro.yaml student.weights=random methods=naive --runs a
says out "4 layers, random weights"
says err "2 computed, 1 found"
expect 0 "$W2S" run micro.yaml student.weights=random methods=naive seed.init=1 --runs a
says err "2 computed, 1 found"
expect 2 "$W2S" run micro.yaml student.weights=fresh --runs a
says err 'weights'

# Precision: bf16 makes other jobs than f32 where the processor has it, and the results say so; else it is a sentence.
expect 0 "$W2S" run micro.yaml precision=f32 methods=naive name=exact --runs p
says p/studies/exact/results.json ' threads, f32"'
says p/studies/exact/report.html "Precision: f32 throughout"
if "$W2S" run micro.yaml precision=bf16 methods=naive name=rounded --runs p >out 2>err; then
    says err " 0 found"
    says p/studies/rounded/results.json "products in bf16"
    says p/studies/rounded/report.html "rounded to bf16"
else
    one_sentence
    says err "precision is bf16"
fi

# What a user writes is text in the page, not markup; without a curve there is no figure of curves, and no complaint.
expect 0 "$W2S" run micro.yaml methods=naive name=marks 'title=<script>1 < 2 & "3"</script>' data.valid=0 --runs p
says p/studies/marks/report.html "&lt;script&gt;1 &lt; 2 &amp; "
lacks p/studies/marks/report.html "<script"
lacks err "could not be drawn"
says p/studies/marks/report.html "no job was measured within its epochs"

# Where the time went.
expect 0 "$W2S" run micro.yaml methods=naive seed.order=9 --profile --runs a
says out "product, weight gradient"
says out "bound: of products and attention the share of"
expect 0 "$W2S" run micro.yaml methods=naive seed.order=8 --profile --jobs 1 --json --runs a
python3 - out err <<'END' || fail "--profile with --json is not JSON"
import json, sys
json.load(open(sys.argv[1]))
lines = [json.loads(line) for line in open(sys.argv[2])]
profile, = [x for x in lines if x["event"] == "profile"]
product = next(x for x in profile["operations"] if x["operation"] == "product, weight gradient")
assert product["calls"] > 0 and product["seconds"] > 0 and product["unit"] == "operations", product
assert abs(product["rate"] / profile["product_bound"] - product["bound"]) < 1e-9, product
assert profile["text"].startswith("operation ") and sum(x["seconds"] for x in profile["operations"]) < profile["seconds"]
END
expect 2 "$W2S" run micro.yaml --profile --jobs 2 --runs a
one_sentence
says err "--profile measures this process, and --jobs 2 has"
expect 2 "$W2S" run micro.yaml --profile --dry-run --runs a
one_sentence

# What is reported.
for f in results.json results.csv curves.csv predictions.csv report.html study.yaml; do [ -s a/studies/micro/$f ] || fail "$f is missing"; done
says a/studies/micro/results.csv "supervisor,student,method,measure,seed,value,lo,hi,job"
says a/studies/micro/report.html "<svg viewBox"
lacks a/studies/micro/report.html "<script"
echo old >a/studies/micro/figures/dropped.svg
expect 0 "$W2S" report micro --runs a
[ ! -e a/studies/micro/figures/dropped.svg ] || fail "a figure that the report does not have was left in its folder"
tr -s ' \n' ' ' <out >flat
[ "$(grep -o 'another training run would change' flat | wc -l)" = 1 ] || fail "what one seed leaves out is not said once"
[ "$(grep -o 'another training run would change' a/studies/micro/report.html | wc -l)" = 1 ] || fail "the page says it more than once"
[ "$(grep -c ' $' out)" = 0 ] || fail "the table has spaces at the ends of lines"
says out "PGR"
says flat "Computed on cpu: "
says flat "$W2S_THREADS threads, $(grep -q 'products in bf16' a/studies/micro/results.json && echo products in bf16 || echo f32)."
# Several studies are one table: a row for each pair, what is the same everywhere left out; their reports stay.
expect 0 "$W2S" report two csv --runs a
[ "$(grep -c '^two ' out)" = 4 ] && [ "$(grep -c '^csv ' out)" = 1 ] || fail "rows of two studies: $(cat out)"
says out "supervisor: 1 of 4 layers"
grep -q '^study  train  test  constant  student  *method  *weak  *student  *ceiling  *PGR$' out || fail "the head: $(cat out)"
expect 0 "$W2S" report csv three --runs a
says out "supervisor: 1 of 4 layers, student: 4 layers, method: naive"
[ "$(grep -c 'naive' out)" = 1 ] || fail "a column that is the same everywhere is there"
expect 0 "$W2S" report csv three --runs a --json
python3 -c 'import json; assert [r["study"]["name"] for r in json.load(open("out"))] == ["csv", "three"]' || fail "report of two --json"
expect 2 "$W2S" report two thre --runs a
says err 'did you mean "three"?'
# The resolved study is itself a study, and asks for the same jobs.
cp a/studies/micro/study.yaml again.yaml
expect 0 "$W2S" run again.yaml --runs a
says err "0 computed"

expect 0 "$W2S" run micro.yaml --dry-run --runs fresh
says out "4 jobs, 4 to do"
[ -e fresh ] && fail "a dry run made a folder"
says out "GF/s, by steps that were timed just now"
# Reading makes nothing either.
for c in "ls" "show 12" "index"; do
    expect 2 "$W2S" $c --runs typo
    one_sentence
    says err "typo: no such runs folder"
    [ -e typo ] && fail "$c made a folder"
done
mkdir empty
expect 2 "$W2S" ls --runs empty
one_sentence
says err "empty: not a runs folder"
[ -z "$(ls -A empty)" ] || fail "ls wrote into a folder that is no runs folder"
expect 0 "$W2S" ls --runs a
says out "supervisor 1 of 4 layers"
job=$(awk '/supervisor/ {print $1; exit}' out)
expect 0 "$W2S" show "$job" --runs a
says out "test accuracy "
says out " 95 % (Wilson), 200 test questions"
says out "  trainable                  all"
says out "files in a/jobs/$job"
says out "  test.f64 "
says out " agrees with supervisor"
cp out before
expect 0 "$W2S" show "$job" --runs a --json
python3 - "$job" <<'E' || fail "show --json"
import json, os, sys
x = json.load(open("out"))
assert x["state"] == "done" and x["hash"].startswith(sys.argv[1]) and os.path.isdir(x["folder"]), x
for name in ("job", "result"):
    assert x[name] == json.load(open(f"{x['folder']}/{name}.json"))
E
rm -f a/index.sqlite*
expect 0 "$W2S" index --runs a
expect 0 "$W2S" show "$job" --runs a
cmp -s out before || fail "the index made anew shows another job"

# Standard output and standard error in one file: the table is whole before what was computed is said, and the report is last.
"$W2S" run micro.yaml --runs both >log 2>&1
python3 - <<'END' || fail "what is said at the end stands in the middle of the table"
lines = open("log").read().splitlines()
said = next(i for i, x in enumerate(lines) if " jobs: " in x and " computed, " in x)
assert any("PGR" in x for x in lines[:said]) and lines[said + 1:] == ["", "report: both/studies/micro/report.html"], lines
END
finish
