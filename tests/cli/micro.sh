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

# Seeds: two repetitions, another split each.
expect 0 "$W2S" run micro.yaml seeds=2 methods=naive --runs a --json
python3 - out <<'END' || fail "two seeds"
import json, sys
r = json.load(open(sys.argv[1]))
assert len(r["pairs"]) == 1 and r["pairs"][0]["seeds"] == 2
assert len(r["pairs"][0]["per_seed"]) == 2
assert len(r["pairs"][0]["weak"]["jobs"]) == 2 and len(set(r["pairs"][0]["weak"]["jobs"])) == 2
END

# Repetitions in which every seed is held are one.
expect 0 "$W2S" run micro.yaml seeds=3 'hold=[split, label, init, order]' methods=naive --runs a --json
python3 - out <<'END' || fail "held seeds"
import json, sys
r = json.load(open(sys.argv[1]))
assert (r["study"]["seeds"], r["study"]["seeds_asked"]) == (1, 3), r["study"]
p = r["pairs"][0]
assert (p["seeds"], p["seeds_failed"]) == (1, 0) and len(p["per_seed"]) == len(p["weak"]["jobs"]) == 1
assert "one seed" in p["verdict"]
END
expect 0 "$W2S" run micro.yaml seeds=3 'hold=[split, label, init, order]' methods=naive --runs a
tr -s ' \n' ' ' <out >flat
says flat "over 1 seed (3 were asked for"

# What is reported.
for f in results.json results.csv report.html study.yaml; do [ -s a/studies/micro/$f ] || fail "$f is missing"; done
says a/studies/micro/results.csv "supervisor,student,method,measure,seed,value,lo,hi"
says a/studies/micro/report.html "<svg viewBox"
lacks a/studies/micro/report.html "<script"
expect 0 "$W2S" report micro --runs a
says out "PGR"
# The resolved study is itself a study, and asks for the same jobs.
cp a/studies/micro/study.yaml again.yaml
expect 0 "$W2S" run again.yaml --runs a
says err "0 computed"

expect 0 "$W2S" run micro.yaml --dry-run --runs fresh
says out "4 jobs, 4 to do"
[ -e fresh/jobs ] && [ -n "$(ls fresh/jobs)" ] && fail "a dry run computed"
expect 0 "$W2S" ls --runs a
says out "supervisor 1 of 4 layers"
job=$(awk '/supervisor/ {print $1; exit}' out)
expect 0 "$W2S" show "$job" --runs a
says out "accuracy:"
cp out before
rm -f a/index.sqlite*
expect 0 "$W2S" index --runs a
expect 0 "$W2S" show "$job" --runs a
cmp -s out before || fail "the index made anew shows another job"
finish
