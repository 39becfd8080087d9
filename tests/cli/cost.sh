#!/usr/bin/env bash
# cost.sh - what a student took, all that it stands on included: tokens, seconds and operations, counted once more from the texts.
. "$(dirname "$0")/lib.sh"

expect 0 "$W2S" run micro.yaml seeds=2 controls=true --runs r --json
cp out results.json
expect 0 "$W2S" label micro.yaml seeds=2 controls=true --examples --runs r
cp out examples.csv
python3 - results.json "$model" <<'END2' || fail "what pairs cost is not what their jobs took"
import json, sys
r = json.load(open(sys.argv[1]))
jobs = {j["hash"]: j["result"] for j in r["jobs"]}
pairs = {p["method"]: p for p in r["pairs"]}
mean = lambda x: sum(x) / len(x)
for method, p in pairs.items():
    # The control's student is the ceiling, which stands on nobody.
    roles = ["student_scores"] if p["control"] else ["weak", "student_scores"]
    hashes = [h for role in roles for h in p[role]["jobs"]]
    assert len(hashes) == len(set(hashes)) == 2 * len(roles)
    c = p["cost"]
    assert c["jobs"] == len(roles)
    for key in ("tokens", "predicted_tokens", "seconds", "flops"):
        want = sum(jobs[h][key] for h in hashes) / 2
        assert abs(c[key] - want) <= 1e-9 * want and want > 0, (method, key, c[key], want)
    for k in range(3):
        want = p["pgr"][k] / c["flops"] * 1e15
        assert abs(c["pgr_per_pflop"][k] - want) <= 1e-9 * abs(want), (method, k)
assert pairs["naive"]["cost"]["flops"] > pairs["ground truth"]["cost"]["flops"]
END2

# Tokens and operations of the jobs themselves, from the texts.
python3 - results.json examples.csv "$W2S" "$model" <<'END2' || fail "a job's tokens or operations are others than its texts give"
import csv, json, subprocess, sys
r = json.load(open(sys.argv[1]))
rows = list(csv.DictReader(open(sys.argv[2], newline="")))
texts = [x["text"] for x in rows]
said = subprocess.run([sys.argv[3], "tokenize", sys.argv[4], "-"], input="\n".join(texts) + "\n", capture_output=True, text=True, check=True).stdout
lengths = [len(json.loads(line)["ids"]) for line in said.splitlines()]
assert len(lengths) == len(rows)
n, count = {}, {}
for x, length in zip(rows, lengths):
    k = int(x["seed"]), x["part"]
    n[k] = n.get(k, 0) + length
    count[k] = count.get(k, 0) + 1
C, KV, MLP = 32, 16, 48
def step(layers, tokens, texts): # 2 x the multiply-adds of a forward and a backward, all blocks learning, the last token read
    total, m = 3 * texts * C * 2, tokens / texts
    for l in range(layers):
        q = 1 if l + 1 == layers else m
        total += 3 * (C * (texts * q * (C + C + 2 * MLP + MLP) + tokens * 2 * KV))
        total += 7 * texts * (q * (m - q) + q * (q + 1) / 2) * C
    return 2 * total
for j in r["jobs"]:
    s, x, role = j["seed"], j["result"], j["role"]
    layers, part, epochs, evals = (1, "supervise", 1, 2) if role == "supervisor" else (4, "train", 3, 2)
    assert x["tokens"] == epochs * n[s, part], (role, x["tokens"])
    looks = epochs * evals + 1
    kept = ["valid", "test"] + (["train"] if role == "supervisor" else [])
    want = looks * n[s, "valid"] + sum(n[s, k] for k in kept)
    assert x["predicted_tokens"] == want, (role, x["predicted_tokens"], want)
    if role != "supervisor":
        continue
    flops = epochs * step(layers, n[s, part], count[s, part]) + looks * step(layers, n[s, "valid"], count[s, "valid"]) / 3
    flops += sum(step(layers, n[s, k], count[s, k]) / 3 for k in kept)
    assert abs(x["flops"] - flops) < 1e-6 * flops, (x["flops"], flops)
END2
report=$(ls r/studies/*/report.html)
says "$report" "What it costs"
says "$report" "PGR per 10<sup>15</sup> operations"
grep -q ',naive,cost flops,,' "$(dirname "$report")/results.csv" || fail "results.csv has no cost"
grep -q ',naive,cost pgr_per_pflop,,' "$(dirname "$report")/results.csv" || fail "results.csv has no PGR per operation"
# Where a result is of an earlier program, and does not say it, it is not made up.
for f in r/jobs/*/result.json; do sed -i 's/"flops":[^,]*,//; s/"predicted_tokens":[^,]*,//' "$f"; done
expect 0 "$W2S" run micro.yaml seeds=2 controls=true --runs r --json
python3 - out <<'END2' || fail "operations that nobody counted"
import json, sys
for p in json.load(open(sys.argv[1]))["pairs"]:
    assert p["cost"]["flops"] is None and p["cost"]["pgr_per_pflop"] == [None] * 3 and p["cost"]["tokens"] > 0
END2
# Written answers: what is written counts as predicted.
words_task words.yaml
expect 0 "$W2S" run micro.yaml task=words.yaml methods=naive data.train=40 data.supervise=20 data.test=30 name=words --runs r --json
python3 - out <<'END2' || fail "written answers cost nothing"
import json, sys
r = json.load(open(sys.argv[1]))
c = r["pairs"][0]["cost"]
assert c["jobs"] == 2 and c["flops"] > 0 and c["predicted_tokens"] > 0, c
END2
# What stands before a student counts with it: a model that learns the texts, of which every token but a text's first is predicted; what probes
# read, which are seconds alone.
expect 0 "$W2S" run micro.yaml generative='{epochs: 2}' methods=naive name=texts --runs r --json
python3 - out examples.csv "$W2S" "$model" <<'END2' || fail "what learning the texts takes is not what they give"
import csv, json, subprocess, sys
r = json.load(open(sys.argv[1]))
texts = [x["text"] for x in csv.DictReader(open(sys.argv[2], newline="")) if x["part"] in ("supervise", "train") and x["seed"] == "0"]
said = subprocess.run([sys.argv[3], "tokenize", sys.argv[4], "-"], input="\n".join(texts) + "\n", capture_output=True, text=True, check=True).stdout
n = [len(json.loads(line)["ids"]) for line in said.splitlines()]
N, S, C, KV, MLP, V = sum(n), len(n), 32, 16, 48, 294
def step(layers): # of all blocks, queries of the last one where a token follows
    total = 3 * (N - S) * C * V
    for l in range(layers):
        q, m = ((N - S) / S if l + 1 == layers else N / S), N / S
        total += 3 * C * (S * q * (2 * C + 3 * MLP) + N * 2 * KV) + 7 * S * (q * (m - q) + q * (q + 1) / 2) * C
    return 2 * total
lm = {j["label"]: j["result"] for j in r["jobs"] if j["role"] == "language model"}
assert len(lm) == 2, [j["role"] for j in r["jobs"]]
for label, x in lm.items():
    want = 2 * step(1 if " 1 of" in label else 4)
    assert x["tokens"] == 2 * N and abs(x["flops"] - want) < 1e-6 * want, (label, x["tokens"], N, x["flops"], want)
jobs = {j["hash"]: j["result"] for j in r["jobs"]}
(p,) = r["pairs"]
all = list(lm.values()) + [jobs[p[k]["jobs"][0]] for k in ("weak", "student_scores")]
for key in ("seconds", "flops", "tokens"):
    want = sum(x[key] for x in all)
    assert abs(p["cost"][key] - want) < 1e-9 * want, (key, p["cost"][key], want)
END2
cat >took.py <<'END2'
C, KV, MLP = 32, 16, 48
def forward(layers, tokens, texts, read=0, outputs=2): # a third of a step in which everything learns; read: tokens with logits, of texts the last
    read = read or texts
    total, m = read * C * outputs, tokens / texts
    for l in range(layers):
        q = read / texts if l + 1 == layers else m
        total += C * (texts * q * (2 * C + 3 * MLP) + tokens * 2 * KV) + 7 / 3 * texts * (q * (m - q) + q * (q + 1) / 2) * C
    return 2 * total
END2
expect 0 "$W2S" run micro.yaml learner=probe supervisor='{layers: 1}' student='{layers: 4}' methods=naive name=probes probe.c=0.1 --runs r --json
python3 - out <<'END2' || fail "what features take is not in what a pair of probes costs"
import json, sys
from took import C, forward
r = json.load(open(sys.argv[1]))
(p,) = r["pairs"]
assert p["weak"]["jobs"] != p["student_scores"]["jobs"]
used = [j["result"] for j in r["jobs"] if j["role"] == "features" or j["hash"] in p["weak"]["jobs"] + p["student_scores"]["jobs"]]
assert len(used) == 6 and p["cost"]["jobs"] == 2, len(used)
want = sum(x["seconds"] for x in used)
assert abs(p["cost"]["seconds"] - want) < 1e-9 * want, (p["cost"], want)
# A model's size, by hand: tokens, blocks, a last gain.
sizes = {m["id"].split("/")[-2]: m["params"] for m in r["models"]}
assert sizes == {k: 294 * 32 + int(k) * (2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 48 + 64) + 32 for k in ("1", "4")}, sizes
# Of a probe: a forward over what it reads; then so many times F and its gradient, which are twice the logits of what it learns from, once more
# the loss, and the logits of what it predicts. One iteration evaluates F once at least, and none is begun without.
logits = lambda texts: 2 * texts * C
for j in r["jobs"]:
    if j["role"] in ("supervisor", "ceiling", "student"):
        x, layers = j["result"], 1 if j["role"] == "supervisor" else 4
        learns, says = (32, 476) if j["role"] == "supervisor" else (256, 220) # what is told, valid, test
        read = forward(layers, x["predicted_tokens"], learns + says)
        times = (x["flops"] - read - logits(says)) / logits(learns) / 2 - 1
        assert abs(times - round(times)) < 1e-3 and round(times) > x["probe"]["iterations"] > 0, (j["role"], times, x)
END2
# Who is asked has the logits of a whole vocabulary behind every text; of its classes' words all tokens but the last are read too.
expect 0 "$W2S" run micro.yaml supervisor='{layers: all, learner: prompt, prompt: {shots: 0}}' methods=naive name=asked --runs r --json
python3 - out "$W2S" "$model" <<'END2' || fail "asking takes other operations than its texts give"
import json, subprocess, sys
from took import C, forward
r = json.load(open(sys.argv[1]))
said = subprocess.run([sys.argv[2], "tokenize", sys.argv[3], "-"], input=" negative\n positive\n", capture_output=True, text=True, check=True).stdout
(x,) = (j["result"] for j in r["jobs"] if j["role"] == "supervisor")
V, n = 294, 256 + 20 + 200
words = n * sum(len(json.loads(line)["ids"]) - 1 for line in said.splitlines())
want = forward(4, x["predicted_tokens"] - words, n, n, V) + forward(4, words, n, words, V)
assert words > 0 and abs(x["flops"] - want) < 1e-3 * want, (words, x["flops"], want, x) # parts of texts that are not equally long
END2
# What mends and trusts labels, by distances and fits: those of kNN and of k centres are known, of fits that there are some.
expect 0 "$W2S" run micro.yaml methods='[naive, knn, confident_learning, active_labels, trust]' knn.k=3 active_labels='{by: cover, share: 0.2}' trust='{share: 0.2, hidden: 4}' confident_learning.folds=4 \
    baselines=false name=mended --runs r --json
python3 - out <<'END2' || fail "what mends labels takes other operations than it does"
import json, sys
from took import C, forward
r = json.load(open(sys.argv[1]))
n = 256
took = {}
for j in r["jobs"]:
    if j["role"] == "repair":
        x = j["result"]
        took[j["method"]] = x["flops"] - (forward(4, x["predicted_tokens"], n) if x["predicted_tokens"] else 0)
near = lambda a, b: abs(a - b) < 1e-6 * b
assert near(took["knn"], 2 * n * (n - 1) * C), took
assert near(took["active_labels"], 2 * C * (n + sum(n - 1 - m for m in range(51)))), took
# Four folds, of each at least two evaluations and the loss on 192, and the logits of 64.
assert took["confident_learning"] >= 4 * (3 * 2 * 2 * 192 * C + 2 * 64 * C), took
# 51 are told; F with its gradient is 4 a unit, an example and a weight of it, the loss and what is said of all 2.
(trust,) = (j["result"] for j in r["jobs"] if j["role"] == "repair" and j["method"] == "trust")
times = (took["trust"] - 2 * (51 + n) * 4 * (C + 1)) / (4 * 51 * 4 * (C + 1))
assert abs(times - round(times)) < 1e-6 and times > trust["trust"]["iterations"] > 0, (times, trust)
END2
finish

# What others ask of a training is not its own cost: naive costs the same beside them, and each of them pays for what it asked.
expect 0 "$W2S" run micro.yaml methods=naive name=alone --runs s --json
cp out alone.json
expect 0 "$W2S" run micro.yaml methods='[naive, bootstrapping, early_stop, dynamics, trust, finetune_probe]' bootstrapping.through='[]' baselines=false name=beside --runs s --json
python3 - alone.json out <<'END2' || fail "a method is charged for what others ask"
import json, sys
alone, beside = (json.load(open(f)) for f in sys.argv[1:3])
want = alone["pairs"][0]["cost"]
pairs = {p["method"]: p["cost"] for p in beside["pairs"]}
near = lambda a, b: abs(a - b) <= 1e-9 * b
for m in "naive", "bootstrapping":
    for key in "jobs", "tokens", "predicted_tokens", "flops":
        assert near(pairs[m][key], want[key]), (m, key, pairs[m], want)
naive = next(j["result"] for j in beside["jobs"] if j["role"] == "student" and j["method"] == "naive")
weak = next(j["result"] for j in beside["jobs"] if j["role"] == "supervisor")
aside = naive["aside"]
assert set(aside) == {"test_points", "train_points", "features"} and set(weak["aside"]) == {"states"}, (aside, weak["aside"])
for key, job in ("predicted_tokens", "predicted_tokens"), ("flops", "flops"), ("seconds", "seconds"):
    whole = naive[job] + weak[job]
    own = whole - sum(x[key] for x in aside.values()) - weak["aside"]["states"][key]
    assert near(pairs["naive"][key], own), (key, pairs["naive"], own)
    stop = next(j["result"] for j in beside["jobs"] if j["role"] == "student" and j["method"] == "early_stop")
    assert near(pairs["early_stop"][key], own + aside["test_points"][key] + stop[job]), (key, pairs["early_stop"])
    both = [j["result"] for j in beside["jobs"] if j["method"] == "dynamics" and j["role"] in ("student", "repair")]
    assert len(both) == 2 and near(pairs["dynamics"][key], own + aside["train_points"][key] + sum(j[job] for j in both)), (key, pairs["dynamics"], both)
    both = [j["result"] for j in beside["jobs"] if j["method"] == "trust" and j["role"] in ("student", "repair")]
    assert len(both) == 2 and near(pairs["trust"][key], weak[job] + sum(j[job] for j in both)), (key, pairs["trust"], both)
assert all(x["seconds"] > 0 for x in aside.values()) and aside["test_points"]["flops"] > 0 < aside["train_points"]["flops"] and weak["aside"]["states"]["flops"] > 0
END2
