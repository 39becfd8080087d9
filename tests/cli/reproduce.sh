#!/usr/bin/env bash
# reproduce.sh - a finding from end to end on the micro study: its numbers are those of the study's own results, its
# verdicts those of its intervals.
. "$(dirname "$0")/lib.sh"

mkdir f
sed "s/^name: .*/name: pairs/; s/{layers: 1,/{layers: [1, 2],/; s/{layers: 4,/{layers: [3, 4],/" micro.yaml >f/pairs.yaml
cat >f/finding.yaml <<'END'
name: tried
title: What a micro study shows
source: nobody
shape: All is as it is | wanted.
scales:
  laptop:
    minutes: 0.5
    caveat: These are toys.
    studies:
      - {as: one, study: pairs.yaml}
      - {as: other, study: pairs.yaml, set: {student.layers: 4, methods: [naive], untrained: true}}
claims:
  - {say: students beat their supervisors, value: gain, where: {study: one, method: naive, student: "*/4", supervisor: "*/1"}, above: -1}
  - {say: confidence beats naive, value: student, where: {study: one, method: confidence}, minus: {study: one, method: naive}, above: 0.9}
  - {say: PGR is pooled, value: pgr, take: pooled, where: {study: one, method: naive}, above: 0.05}
  - {say: it grows, value: student, take: slope_student, where: {study: one, method: naive}, above: 0}
  - {say: two studies are one, value: student, where: {study: one, student: largest, method: naive}, minus: {study: other}, below: 0.001}
  - {say: learning helps, value: student, where: {study: other}, minus: {study: other, value: untrained}, above: 0}
  - {say: there is no such pair, value: student, where: {supervisor: "*/9"}, above: 0}
figure:
  - title: Accuracy
    label: accuracy
    x: student_size
    series:
      - {y: student, lines: [study, supervisor, method]}
      - {name: ceiling, y: ceiling}
  - title: By method
    label: PGR
    x: method
    series:
      - {y: pgr, take: median, lines: [supervisor], where: {study: one}}
  - title: Confidence alone
    label: accuracy
    x: method
    series:
      - {y: student, where: {method: confidence}}
  - title: Of each
    label: accuracy
    x: student_size
    each: study
    series:
      - {y: student, lines: [method], where: {supervisor: smallest}}
  - title: Within the epochs
    label: accuracy
    x: epoch
    series:
      - {y: accuracy, lines: [student, method], where: {study: one}}
      - {name: largest, y: accuracy, lines: [student, supervisor], where: {study: one, method: naive, student: largest, supervisor: smallest}}
      - {name: smallest, y: accuracy, lines: [student, supervisor], where: {study: one, method: naive, student: smallest, supervisor: largest}}
      - {name: truth, y: accuracy, lines: [student], where: {study: one, method: ground truth, student: largest, supervisor: smallest}}
      - {name: each, y: accuracy, lines: [study, student], where: {method: naive, student: smallest}}
END
expect 0 "$W2S" reproduce f/finding.yaml --markdown page.md
says out "does not hold  confidence beats naive"
says out "cannot tell    there is no such pair"
n=$(grep -c '^  does not hold ' out) # what a micro model learns is not the same on every processor
says out "In this one run the paper's shape does not hold: $n of 7 claims $([ "$n" = 1 ] && echo is || echo are) contradicted"
says runs/findings/tried/finding.json "no pair is what it speaks of"
says out "all findings: runs/findings/findings.html"
says page.md '| [tried](#tried) | does not hold |'
says page.md 'All is as it is \| wanted.'
says page.md 'three seeds or more are wanted'
says page.md '**Caveat**: These are toys.'
says page.md "| ceiling | PGR | untrained | tokens learnt from | 10^12 operations | time | PGR per 10^15 operations |"
says page.md "(toy, 200 test examples, "
files=$(sha256sum f/finding.yaml f/pairs.yaml toy.yaml f/pairs.yaml toy.yaml | cut -d' ' -f1 | tr -d '\n' | sha256sum | cut -d' ' -f1)
says page.md "<!-- the finding's files: sha256 $files -->"
says runs/findings/findings.html "What a micro study shows"
python3 - <<'END' || fail "the finding's numbers are not the studies'"
import json, math
f = json.load(open("runs/findings/tried/finding.json"))
r = json.load(open(f"runs/studies/{f['studies'][0]['name']}/results.json"))
pairs = r["pairs"]
size = {m["id"]: m["params"] for m in r["models"]}
def of(method, weak=None, student=None):
    return [p for p in pairs if p["method"] == method and (not weak or p["supervisor"].endswith(weak)) and (not student or p["student"].endswith(student))]
c = [x["value"] for x in f["claims"]]
# one pair: the very interval of the study
assert c[0] == of("naive", "/1", "/4")[0]["gain"], (c[0], of("naive", "/1", "/4")[0]["gain"])
# a mean of differences is the mean of the studies' own; each has its interval, the mean one that is not wider than the widest
d = [p["minus_naive"] for p in of("confidence")]
assert len(d) == 4 and abs(c[1][0] - sum(x[0] for x in d) / 4) < 1e-12
assert c[1][2] - c[1][1] <= max(x[2] - x[1] for x in d) + 1e-12 and c[1][1] <= c[1][0] <= c[1][2]
n = of("naive")
assert abs(c[2][0] - sum(p["gain"][0] for p in n) / sum(p["gap"][0] for p in n)) < 1e-12
# least squares, one slope, an intercept for each supervisor
xy = xx = 0
for w in {p["supervisor"] for p in n}:
    own = [(math.log2(size[p["student"]]), p["student_scores"]["accuracy"][0]) for p in n if p["supervisor"] == w]
    mx, my = (sum(v[k] for v in own) / len(own) for k in (0, 1))
    xy += sum((x - mx) * (y - my) for x, y in own)
    xx += sum((x - mx) ** 2 for x, y in own)
assert abs(c[3][0] - xy / xx) < 1e-12, (c[3], xy / xx)
# the same jobs in two studies are drawn together: their difference is nothing, in every replicate
assert c[4] == [0, 0, 0], c[4]
o = json.load(open(f"runs/studies/{f['studies'][1]['name']}/results.json"))["pairs"]
assert abs(c[5][0] - sum(p["untrained"]["gain"][0] for p in o) / len(o)) < 1e-12
assert c[6] == [None, None, None]
# what a claim speaks of stands with the pairs, and nothing else does
own = [p for p in f["pairs"] if p["study"] == "other"]
assert abs(c[5][0] - sum(p["student_accuracy"][0] - p["untrained"][0] for p in own) / len(own)) < 1e-12
assert all(p["untrained"][0] is None for p in f["pairs"] if p["study"] == "one") and not any("agreement" in p for p in f["pairs"])
want = ["holds", "does not hold", None, None, "cannot tell", None, "cannot tell"]
for x, v in zip(f["claims"], want):
    lo, hi, bound = x["value"][1], x["value"][2], x.get("above", x.get("below"))
    own = "cannot tell" if lo is None or lo <= bound <= hi or x["value"] == [0, 0, 0] else "holds" if (lo > bound) == ("above" in x) else "does not hold"
    assert x["verdict"] == own and v in (None, own), x
assert f["claims"][4]["why"] == "both are the same, whatever is drawn", f["claims"][4]
# what each pair took is what its study says
own = [p for p in f["pairs"] if p["study"] == "one"]
assert len(own) == len(pairs)
for x in own:
    p, = (p for p in pairs if all(p[k] == x[k] for k in ("supervisor", "student", "method")))
    finite = {k: [b if type(b) is not str else None for b in v] if type(v) is list else v for k, v in x["cost"].items()} # results.json has null
    assert x["cost"]["tokens"] > 0 and finite == p["cost"], (x, p)
lines = {l["name"]: l["points"] for l in f["panels"][0]["lines"]}
assert set(lines) == {"one, from 1 layer, naive", "one, from 1 layer, confidence", "one, from 2 layers, naive", "one, from 2 layers, confidence",
                      "other, from 1 layer, naive", "other, from 2 layers, naive", "ceiling"}, set(lines)
p = of("confidence", "/2", "/3")[0]
assert [size[p["student"]]] + p["student_scores"]["accuracy"] in lines["one, from 2 layers, confidence"]
assert f["panels"][1]["names"] == ["naive", "confidence"] and [x[0] for x in f["panels"][1]["lines"][0]["points"]] == [0, 1]
assert f["panels"][2]["names"] == ["confidence"] and [x[0] for x in f["panels"][2]["lines"][0]["points"]] == [0] # what it draws, and no other
curve = {l["name"]: l["points"] for l in f["panels"][4]["lines"]}
assert f["panels"][3]["title"] == "Of each: one" and {l["name"] for l in f["panels"][3]["lines"]} == {"naive", "confidence"} # the other has one size
jobs = [j for j in r["jobs"] if j["role"] == "student" and j["method"] == "naive" and j["model"].endswith("/4")]
last = sum(j["result"]["curve"][-1]["accuracy"] for j in jobs) / len(jobs)
assert abs(curve["4 layers, naive"][-1][1] - last) < 1e-12
assert {n for n in curve if n.startswith("each")} == {"each, one, 3 layers", "each, other, 4 layers"}, set(curve) # of each study its own
assert {n for n in curve if n[0] in "lst"} == {"largest, from 1 layer, 4 layers", "smallest, from 2 layers, 3 layers", "truth, 4 layers"}, set(curve)
# Wilson's interval, at the finding's level
for level, z in (f["level"], 1.959963984540054),:
    v, lo, hi = curve["4 layers, naive"][-1][1:]
    n = r["task"]["valid"]
    assert level == .95 and all(abs(abs(v - b) - z * math.sqrt(b * (1 - b) / n)) < 1e-9 for b in (lo, hi)), (v, lo, hi, n)
END
[ "$(wc -l <runs/findings/tried/finding.csv)" -gt 10 ] || fail "finding.csv is short"
if command -v gnuplot >/dev/null; then
    says runs/findings/tried/figure.svg "By method"
    says page/tried.svg "By method"
    says page.md "](page/tried.svg)"
fi
# Another level: of the bootstrap's intervals, and of curves'.
sed 's/^name: .*/name: level/; s/^shape:/level: 0.6826894921370859\n&/' f/finding.yaml >f/level.yaml
expect 0 "$W2S" reproduce f/level.yaml
says out "intervals of 68.3 %"
python3 - <<'END' || fail "a finding's level"
import json, math
f, g = (json.load(open(f"runs/findings/{n}/finding.json")) for n in ("tried", "level"))
r = json.load(open(f"runs/studies/{f['studies'][0]['name']}/results.json"))
a, b = (x["claims"][0]["value"] for x in (f, g))
assert a[0] == b[0] and a[1] < b[1] < b[2] < a[2], (a, b)
v, lo, hi = {l["name"]: l["points"] for l in g["panels"][4]["lines"]}["4 layers, naive"][-1][1:]
n = r["task"]["valid"]
assert all(abs(abs(v - x) - math.sqrt(x * (1 - x) / n)) < 1e-9 for x in (lo, hi)), (v, lo, hi, n)
END
# All claims have to hold: one that cannot be told is not one that holds.
cat >f/untold.yaml <<'END'
name: untold
title: What cannot be told
shape: Two things.
scales: {laptop: {studies: [{as: one, study: pairs.yaml}]}}
claims:
  - {say: this holds, value: gain, where: {method: naive}, above: -1}
  - {say: this has no pairs, value: gain, where: {supervisor: "*/9"}, above: -1}
figure:
  - {title: Accuracy, label: accuracy, x: student_size, series: [{y: student}]}
  - {title: By supervisor, label: accuracy, x: supervisor_size, series: [{y: weak, lines: [supervisor], where: {student: largest, method: naive}}]}
  - {title: By ratio, label: accuracy, x: size_ratio, series: [{y: student, lines: [supervisor, student], where: {method: naive}}]}
  - {title: By depth, label: accuracy, x: supervisor_layers, series: [{y: weak, where: {supervisor: smallest}}]}
END
expect 0 "$W2S" reproduce f/untold.yaml
says out "In this one run it cannot be told at this size: 1 of 2 claims holds, the others cannot be told."
python3 -c '
import json
f = json.load(open("runs/findings/untold/finding.json"))
assert f["verdict"] == "cannot tell" and [c["verdict"] for c in f["claims"]] == ["holds", "cannot tell"], f["verdict"]' || fail "a claim that cannot be told"
python3 - <<'END' || fail "sizes along the axes"
import json
f = json.load(open("runs/findings/untold/finding.json"))
size = {m["id"].split("/")[-1]: m["params"] for m in json.load(open("runs/studies/pairs/results.json"))["models"]}
at = [{l["name"]: [p[0] for p in l["points"]] for l in p["lines"]} for p in f["panels"]]
assert at[1] == {f"from {k} layer{'s' * (k > 1)}": [size[str(k)]] for k in (1, 2)}, at[1]
assert at[2] == {f"from {a} layer{'s' * (a > 1)}, {b} layers": [size[str(b)] / size[str(a)]] for a in (1, 2) for b in (3, 4)}, at[2]
assert list(at[3].values()) == [[1]], at[3]
END
# Students that learn next to nothing: claims about them are not told where no ceiling is told from a constant answer.
cat >f/untaught.yaml <<'END'
name: untaught
title: What nobody learns
shape: One study learns.
scales:
  laptop:
    studies:
      - {as: one, study: pairs.yaml}
      - {as: none, study: pairs.yaml, set: {student.layers: 4, student.lr: 1e-9, methods: [naive]}}
claims:
  - {say: no student learns, value: gain, where: {study: none}, below: 9}
  - {say: nor does a ceiling, value: ceiling, where: {study: none}, below: 9}
  - {say: one does, value: student, where: {study: one, student: "*/4", method: naive}, minus: {study: none}, above: -9}
figure:
  - {title: Accuracy, label: accuracy, x: study, series: [{y: student}]}
END
expect 0 "$W2S" reproduce f/untaught.yaml --markdown untaught.md
python3 - <<'END' || fail "claims on a study in which nothing was learnt"
import json
f = json.load(open("runs/findings/untaught/finding.json"))
untaught = {s["as"]: s.get("untaught", False) for s in f["studies"]}
for s in f["studies"]:
    lo = [p[k][1] for p in f["pairs"] if p["study"] == s["as"] for k in ("ceiling_accuracy", "student_accuracy")]
    assert untaught[s["as"]] == (max(lo) <= s["constant"]), (s, lo)
assert untaught["none"], f["studies"]
no, ceiling, one = f["claims"]
assert no["verdict"] == "cannot tell" and no["why"] == "nothing there is told from a constant answer" and no["value"][2] < 9, no
assert ceiling["verdict"] == "holds" and "why" not in ceiling, ceiling
assert one["verdict"] == ("cannot tell" if untaught["one"] else "holds"), one
END
says untaught.md "nothing learnt in "
says untaught.md "; nothing there is told from a constant answer |"

# What is taken off is chosen by what it says itself, not by what `where` says.
sed 's/^name: .*/name: off/; s/{say: this holds.*/{say: off, value: student, where: {study: one, method: confidence}, minus: {study: one}, match: none, above: -1}/' f/untold.yaml >f/off.yaml
expect 0 "$W2S" reproduce f/off.yaml
python3 - <<'END' || fail "what is taken off"
import json
f = json.load(open("runs/findings/off/finding.json"))
p = [(x["method"], x["student_accuracy"][0]) for x in f["pairs"]]
mean = lambda v: sum(v) / len(v)
want = mean([x for m, x in p if m == "confidence"]) - mean([x for m, x in p if m != "ground truth"])
assert abs(f["claims"][0]["value"][0] - want) < 1e-12 and want != 0, (f["claims"][0], want)
END

# A level behind the command is none of a study's: intervals are of the finding's own.
expect 2 "$W2S" reproduce f/finding.yaml level=0.8
says err "level=0.8: intervals of a finding are of its own level"
# What a page is for is looked at before anything is run.
echo >blocked
expect 2 "$W2S" reproduce f/finding.yaml --markdown blocked/page.md --runs none
[ ! -e none/studies ] || fail "a page that cannot be written was found out late"
expect 2 "$W2S" reproduce --markdown new.md --runs none-there
says err "--runs is none-there, which is no folder that is there"

# Who was told some of the truth is marked as in the study's own tables; a first look is named in its row.
sed 's/^name: .*/name: marked/; s/^methods: .*/methods: [naive, human_labels]/' micro.yaml >f/marked-study.yaml
sed -e 's/^name: .*/name: marked/' -e 's,study: [^,}]*,study: marked-study.yaml,' -e 's/^  - {say: this holds.*/  - {say: this holds, value: gain, above: -1}/' \
    -e '/^  - {say: /{/this holds/!d}' f/untold.yaml >f/marked.yaml
expect 0 "$W2S" reproduce f/marked.yaml data.train=128 --markdown marked.md
says marked.md "| human_labels (13 human labels) |"
says marked.md "| human_labels_alone (13 human labels, beside) |"
says marked.md "| laptop data.train=128 |"

# Again: nothing is computed, and the numbers stay.
before=$(sed 's/"when": "[^"]*"//g' runs/findings/tried/finding.json | sha256sum)
expect 0 "$W2S" reproduce f/finding.yaml --json
python3 -c 'import json, sys; json.load(open("out"))' || fail "--json is no JSON"
[ "$before" = "$(sed 's/"when": "[^"]*"//g' runs/findings/tried/finding.json | sha256sum)" ] || fail "again, the finding has other numbers"
expect 0 "$W2S" reproduce f/finding.yaml --dry-run
says out "done"

# Learnt from one band of a task alone.
sed 's/^name: .*/name: graded/; s/^fields: {/fields: {level: level, /; s/^fields:$/fields:\n  level: level/' toy.yaml >graded.yaml && echo 'bands: {field: level, cuts: [1]}' >>graded.yaml
awk '{ sub(/}$/, ", \"level\": " NR % 3 "}"); print }' toy.jsonl >l && mv l toy.jsonl
sed 's/^name: .*/name: easy/; s/^task: .*/task: graded.yaml/' micro.yaml >easy.yaml
expect 0 "$W2S" run easy.yaml data.train=120 data.test=150 data.bands='{train: [below 1], supervise: below 1}' --json
python3 - <<'END' || fail "bands of a labelled task"
import json
r = json.load(open("out"))
b = r["pairs"][0]["bands"]
assert list(b) == ["below 1", "1 and more"] and sum(x["examples"] for x in b.values()) == 150, b
END
expect 0 "$W2S" label easy.yaml data.train=120 data.test=150 data.bands='{train: [below 1], supervise: below 1}' --examples --json
python3 - <<'END' || fail "examples are of other bands"
import json
level = {}
for line in open("toy.jsonl"):
    x = json.loads(line)
    level[next(v for v in x.values() if isinstance(v, str) and " " in v)] = x["level"]
seen = {}
for x in map(json.loads, open("out")):
    seen.setdefault(x["part"], set()).add(level[x["text"]])
assert seen["train"] == seen["supervise"] == {0} and seen["test"] == {0, 1, 2}, seen
END
# Bands, and a supervisor of labels that are not of the test part.
expect 0 "$W2S" label easy.yaml data.valid=0 data.train=120 data.test=150 --examples
python3 - <<'END'
import csv
rows = list(csv.DictReader(open("out", newline="")))
with open("labels.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["id", "negative", "positive"])
    w.writerows([x["id"], *((.2, .8) if x["truth"] == "1" else (.8, .2))] for x in rows if x["part"] == "train")
END
expect 0 "$W2S" run easy.yaml supervisor='{labels: labels.csv}' data.valid=0 data.train=120 data.test=150 name=given --json
python3 - <<'END' || fail "bands of a supervisor that is not tested"
import json
b = json.load(open("out"))["pairs"][0]["bands"]["below 1"]
assert b["weak"] == [None] * 3 and b["student"][0] > .5, b
END
expect 2 "$W2S" run easy.yaml data.bands='{train: [below 2]}'
says err 'data.bands.train: task graded has no band "below 2"; it has "below 1", "1 and more"'
expect 2 "$W2S" run micro.yaml data.bands='{train: [below 2]}'
says err 'has no bands'
expect 2 "$W2S" run easy.yaml data.bands='{trains: [below 1]}'
says err 'did you mean "data.bands.train"?'

# Every finding of every scale: its file is right, and so are its studies' settings.
for scale in laptop gpu paper; do expect 0 "$W2S" reproduce --list --scale $scale; done
expect 0 "$W2S" reproduce --list
says out "fig8-agreement"
expect 0 "$W2S" reproduce --list --json
expect 2 "$W2S" reproduce
one_sentence
expect 2 "$W2S" reproduce fig8-agrement
says err 'did you mean "fig8-agreement"?'
# A name that no finding has, but that its title or source speaks of.
expect 2 "$W2S" reproduce fig2
one_sentence
says err 'no finding named "fig2"; fig3-nlp speaks of it'
expect 2 "$W2S" reproduce a
lacks err "of it"
expect 2 "$W2S" reproduce fig3
says err 'no finding named "fig3"; fig3-chess, fig3-nlp, fig3-rm speak of it'
expect 2 "$W2S" reproduce fig1
lacks err "speak"
expect 2 "$W2S" reproduce probes
says err 'fig11-probes speaks of it'
expect 2 "$W2S" reproduce nonesuch
says err 'no finding named "nonesuch"; there are debate, easy-to-hard'
expect 2 "$W2S" reproduce f/finding.yaml --scale huge
says err 'wanted laptop, gpu or paper'
expect 2 "$W2S" reproduce f/finding.yaml --scale gpu
says err 'there is no scale "gpu" of this finding'
expect 2 "$W2S" reproduce f/finding.yaml --markdown page.txt
says err "ends in .md"
# Of several studies one that cannot be run is passed over, and said; of one study it is an error.
sed 's/study: pairs.yaml, set: {student.layers: 4,/study: pairs.yaml, set: {student.layers: 9,/; s/^name: .*/name: partly/' f/finding.yaml >f/partly.yaml
expect 2 "$W2S" reproduce f/partly.yaml --markdown page.md
says err "w2s: 1 study could not be run"
says err "goes on without it: partly: study other: study pairs"
says out "1 study and 1 that could not be run"
says page.md "Not run, other: partly: study other"
says runs/findings/findings.html "Not run, other: partly: study other"
says page.md "**Here**: As far as it could be run (1 of 2 studies), in this one run the paper's shape does not hold: "
says page.md '| [partly](#partly) | does not hold (1 of 2 studies) |'
says runs/findings/findings.html "does not hold (1 of 2 studies)"

# A model that breaks above its third layer: the largest student that is left is not the one that was asked for.
model=$(sed -n 's/^model: *//p' micro.yaml)
cp -r "$model" broken
python3 - broken/model.safetensors <<'END'
import json, struct, sys
b = bytearray(open(sys.argv[1], "rb").read())
n = struct.unpack("<Q", b[:8])[0]
for name, t in json.loads(b[8:8 + n]).items():
    if name.startswith("model.layers.3.") and "norm" in name:
        lo, hi = (8 + n + x for x in t["data_offsets"])
        b[lo:hi] = b"\xff" * (hi - lo)
open(sys.argv[1], "wb").write(b)
END
sed "s#^model: .*#model: $PWD/broken#" f/pairs.yaml >f/cracked.yaml
sed -e 's/^name: .*/name: cracked/' -e 's/study: pairs.yaml}/study: cracked.yaml}/' f/finding.yaml >f/fails.yaml
expect 1 "$W2S" reproduce f/fails.yaml --runs cracked
python3 - <<'END' || fail "claims on a study whose jobs failed"
import json
f = json.load(open("cracked/findings/cracked/finding.json"))
one, other = f["studies"]
assert one["failed"] > 1 and "failed" not in other, (one, other)
claims = f["claims"]
for c in claims[:5]: # the fifth speaks of both
    assert c["verdict"] == "cannot tell" and c["why"] == f"{one['failed']} jobs of study one failed", c
assert "failed" not in claims[5].get("why", "") and "failed" in claims[6]["why"], claims # of every study, where none is named
END
# Settings of all studies, over their own; a study for each task.
sed 's/^name: toy/name: twin/' toy.yaml >twin.yaml
cat >f/each.yaml <<END
name: each
title: Two tasks
shape: Both are learnt.
scales:
  laptop:
    studies:
      - {study: $scratch/micro.yaml, tasks: [$scratch/toy.yaml, $scratch/twin.yaml], set: {seeds: 3, methods: [naive], student.layers: 2}}
claims:
  - {say: they are learnt, value: student, where: {task: "t*"}, above: 0}
  - {say: in the median, value: student, take: median, each: task, above: 0}
figure:
  - {title: Accuracy, label: accuracy, x: task, series: [{y: student}]}
END
expect 0 "$W2S" reproduce f/each.yaml seeds=1 'methods=[naive, confidence]' data.train=64 --runs each --markdown each.md
says out "laptop scale with seeds=1 'methods=[naive, confidence]' data.train=64, 2 studies"
says each.md "w2s reproduce f/each.yaml --scale laptop seeds=1 'methods=[naive, confidence]' data.train=64"
python3 - <<'END' || fail "a study for each task, with what was asked for"
import json
f = json.load(open("each/findings/each/finding.json"))
assert f["with"] == ["seeds=1", "methods=[naive, confidence]", "data.train=64"], f["with"]
assert [s["as"].rsplit("/", 1)[1] for s in f["studies"]] == ["toy.yaml", "twin.yaml"], f["studies"]
for s in f["studies"]:
    assert s["seeds"] == 1 and s["train"] == 64 and sorted(x.split("=")[0] for x in s["set"]) == ["data.train", "methods", "seeds", "student.layers", "task"], s
assert sorted({p["task"] for p in f["pairs"]}) == ["toy", "twin"] and {p["method"] for p in f["pairs"]} == {"naive", "confidence"}, f["pairs"]
assert f["panels"][0]["names"] == ["toy", "twin"], f["panels"][0]
assert f["claims"][1]["statistic"] == "median of student over 2 tasks, each the mean of its own of 4 pairs", f["claims"][1]
assert abs(f["claims"][1]["value"][0] - sum(p["student_accuracy"][0] for p in f["pairs"]) / 4) < 1e-12, f["claims"][1]
END
# What studies of one file differ in is what the finding compares: it stays.
sed 's/^name: .*/name: apart/; s/{study: one, student: largest, method: naive}, minus: {study: other}/{study: one}, minus: {study: other}/' f/finding.yaml >f/apart.yaml
expect 0 "$W2S" reproduce f/apart.yaml student.layers=3 data.train=64 'methods=[naive, confidence]' --runs apart
says err "apart: study other keeps its own student.layers=4"
says err 'apart: study other keeps its own methods=["naive"]'
python3 - <<'END' || fail "settings that studies differ in"
import json
one, other = json.load(open("apart/findings/apart/finding.json"))["studies"]
assert sorted(one["set"]) == ["data.train=64", "methods=[naive, confidence]", "student.layers=3"], one
assert sorted(other["set"]) == ["data.train=64", 'methods=["naive"]', "student.layers=4", "untrained=true"], other
END
sed 's/study: pairs.yaml}/study: pairs.yaml, set: {student: {layers: 3}}}/' f/apart.yaml >f/both.yaml
expect 2 "$W2S" reproduce f/both.yaml student.layers=2 --runs none
says err 'apart: "student.layers" is what its studies are told apart by at scale laptop, wanted a setting that they share'
expect 2 "$W2S" reproduce f/each.yaml seed=1 --runs none
says err '"seed" is 1, wanted a map'
[ ! -e none ] || fail "something was begun with a setting that there is not"
sed 's/, tasks: /, as: x, tasks: /' f/each.yaml >f/wrong.yaml
expect 2 "$W2S" reproduce f/wrong.yaml
says err '"as" is one name, and of "tasks" each is a study'
sed 's/tasks: .*yaml\],/tasks: [],/' f/each.yaml >f/wrong.yaml
expect 2 "$W2S" reproduce f/wrong.yaml
says err '"tasks" is empty'

wrong() { # wrong SED-SCRIPT SENTENCE
    sed "$1" f/finding.yaml >f/wrong.yaml
    expect 2 "$W2S" reproduce f/wrong.yaml
    one_sentence
    says err "$2"
}
wrong 's/value: gain/value: gains/' 'did you mean "gain"?'
wrong 's/above: 0.05/within: 0/' '"within" is 0'
wrong 's/each: study/each: stud/' '"stud" is not known here, wanted one of study, task'
wrong 's/    x: epoch/    x: epoch\n    each: task/' 'a second panel has "each", wanted one at most'
wrong 's/where: {supervisor: smallest}/where: {study: one}/' '"study" is what the panel has one of for each'
wrong 's/above: 0.05/within: 0.1, above: 0/' 'a claim wants "above", "below" or "within", one of them'
wrong 's/method: naive}, above: 0.05/method: naive}, minus: {value: gain}, above: 0.05/' '"take" is pooled, which is of pgr alone, on both sides'
wrong 's/where: {study: one, method: confidence}/where: {study: one, larger: 3}/' '"larger" is'
wrong 's/take: pooled/take: sum/' '"take"'
wrong 's/take: pooled/take: pooled, each: task/' '"each" is of "take" mean, median and interquartile_mean'
wrong 's/value: gain,/value: gain, each: tasks,/' '"tasks" is not known here, wanted one of study, task'
wrong 's/value: pgr, take: pooled/value: student, take: pooled/' 'pooled, which is of pgr alone'
wrong 's/, above: -1//' 'a claim wants "above", "below" or "within", one of them'
# What a claim or a panel speaks of has to be there.
wrong 's/where: {study: other}, minus/where: {study: otter}, minus/' 'wrong.yaml:18: "study" is "otter", wanted what its studies have at scale laptop: "one", "other"'
wrong 's/minus: {study: other}/minus: {study: "t*"}/' 'wrong.yaml:17: "study" is "t*"'
wrong 's/where: {study: one, method: confidence}/where: {study: other, method: confidence}/' 'wrong.yaml:14: "method" is "confidence", wanted what its studies have at scale laptop: "naive"'
wrong 's/minus: {study: one, method: naive}/minus: {study: one, method: naiv}/' '"method" is "naiv"'
wrong 's/lines: .supervisor., where: {study: one}/lines: [supervisor], where: {study: one, method: focal}/' '"method" is "focal", wanted what its studies have at scale laptop: "naive", "confidence"'
wrong 's/method: ground truth, student/method: ground truths, student/' '"method" is "ground truths"'
wrong 's/lines: .supervisor., where: {study: one}/lines: [supervisor], where: {task: boy}/' '"task" is "boy", wanted what its studies have at scale laptop: "toy"'
wrong 's/value: gain, where: {study: one,/&  band: "*",/' '"band" is "*", wanted what its studies have at scale laptop: none'
wrong 's/where: {study: one, method: naive, student: largest, supervisor: smallest/& , band: "*"/' '"band" is not of curves within the epochs'
wrong 's/x: method/x: methods/' '"methods" is not known here'
# What a finding says of its studies is wrong where it stands.
wrong 's/untrained: true}/data.trian: 64}/' 'study other: f/wrong.yaml:11: unknown key "data.trian"; did you mean "data.train"?'
wrong 's/untrained: true}/data: {test: 9}, data: 3}/' 'f/wrong.yaml:11: '
wrong 's/untrained: true}/data.test: 9, data: {train: 9}}/' 'study other: f/wrong.yaml:11: '
wrong 's/untrained: true}/seeds: none}/' 'study other: f/wrong.yaml:11: "seeds" is "none", wanted a whole number'
wrong 's/as: one, study: pairs.yaml/as: one, study: quik/' 'study one: f/wrong.yaml:10: no study named "quik"; did you mean "quick"?'
expect 2 "$W2S" reproduce f/finding.yaml seeds=none
says err 'command line: seeds=none: "seeds" is "none", wanted a whole number'
# A supervisor or a student that no model's id can be.
wrong 's/student: largest, method: naive}, minus/student: biggest, method: naive}, minus/' 'wrong.yaml:17: "student" is "biggest", which is the id of none: wanted largest, smallest, or an id such as'
wrong 's/where: {supervisor: smallest}/where: {supervisor: smalest}/' '"supervisor" is "smalest", which is the id of none: wanted largest, smallest, or an id such as gpt2/12 or votes/NAME, with * for what may be anything; did you mean "smallest"?'
wrong 's/as: other/as: one/' 'two studies are called "one"'
sed 's/pairs.yaml/nosuch.yaml/' f/finding.yaml >f/wrong.yaml
expect 2 "$W2S" reproduce f/wrong.yaml
says err 'nosuch.yaml: no such study file'
wrong 's/^figure:/figures:/' 'unknown key "figures"; did you mean "figure"?'
finish
