#!/usr/bin/env bash
# reward.sh - rewards end to end, on a micro model: preferences between rated rows, a choice among three, best of n.
. "$(dirname "$0")/lib.sh"

rated_task 1600

run() { expect 0 "$W2S" run micro.yaml "$@" --json; }

run task=rated.yaml data.supervise=32 data.train=160 data.test=60 name=reward --runs a
says err "0 failed"
python3 - out a <<'END' || fail "rewards, best of n, or their shape"
import json, struct, sys
r = json.load(open(sys.argv[1]))
assert r["task"]["test"] == 60
for p in r["pairs"]:
    accuracy = {k: p[k]["accuracy"][0] for k in ("weak", "student_scores", "ceiling")}
    assert accuracy["ceiling"] > .7, accuracy
    best = p["best_of"]
    means = {best[k]["1"][0] for k in ("weak", "student", "ceiling", "possible")}
    assert max(means) - min(means) < 1e-9  # of one text there is no choice
    for k in ("weak", "student", "ceiling"):
        for n in best[k]:
            v, lo, hi = best[k][n]
            assert lo <= v <= hi and v <= best["possible"][n][0] + 1e-9, (k, n, best[k][n])
    assert best["ceiling"]["16"][0] > best["ceiling"]["1"][0] + .5, best["ceiling"]
    # The ceiling's reward judges the same picks: best of two over every pair of texts once more, from the rewards on disk.
    by = p["best_of_by_ceiling"]
    assert set(by) == {"weak", "student", "ceiling"}
    texts = lambda role: struct.unpack("<120d", open(f"{sys.argv[2]}/jobs/{p[role]['jobs'][0]}/rewards.f64", "rb").read()[-960:])
    judge = texts("ceiling")
    mean = sum(judge) / 120
    spread = (sum((x - mean) ** 2 for x in judge) / 120) ** .5
    for k, role in (("weak", "weak"), ("student", "student_scores"), ("ceiling", "ceiling")):
        z = texts(role)
        two = sum(max((z[i], judge[i]), (z[j], judge[j]))[1] for i in range(120) for j in range(120)) / 120 ** 2
        assert abs(by[k]["1"][0]) < 1e-9 and abs(by[k]["2"][0] - (two - mean) / spread) < 1e-9, (k, by[k])
        for n in by[k]:
            v, lo, hi = by[k][n]
            assert lo <= v <= hi and v <= by["ceiling"][n][0] + 1e-9, (k, n)
# The rewards on disk are what the probabilities come from: p = softmax of the two.
import glob, math
for rewards in glob.glob(sys.argv[2] + "/jobs/*/rewards.f64"):
    read = lambda path: struct.unpack("<120d", open(path, "rb").read()[-960:])
    z, p = read(rewards), read(rewards.replace("rewards", "test"))
    for i in range(0, 120, 2):
        assert abs(1 / (1 + math.exp(z[i + 1] - z[i])) - p[i]) < 1e-9
assert len(glob.glob(sys.argv[2] + "/jobs/*/rewards.f64")) == len(r["jobs"])
END
expect 0 "$W2S" run micro.yaml task=rated.yaml data.supervise=32 data.train=160 data.test=60 name=reward --runs a
tr -s '\n ' ' ' <out >flat # sentences are broken at the terminal's width
says flat "Best of 16 by the student's reward is rated"
says flat "Judged by the ceiling's reward, in its standard deviations above chance, the student's best of 16 is"
says a/studies/reward/report.html "<h2>Best of n</h2>"
says a/studies/reward/report.html "Best of n, judged by the ceiling's reward"
says a/studies/reward/results.csv "best_of_by_ceiling student 16,"
says a/studies/reward/results.csv "best_of student 16,"
! command -v gnuplot >/dev/null || says a/studies/reward/report.html "figures/best-of.svg"
# Who prefers by a file rewards nothing: the others' picks are rated all the same.
sed 's/^name: .*/name: given/; s/^task: .*/task: rated.yaml/; s/^supervisor: .*/supervisor: {labels: prefers.csv}/' micro.yaml >given.yaml
expect 0 "$W2S" label given.yaml data.train=160 data.test=60 --examples --json --runs g
python3 - out <<'END'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
with open("prefers.csv", "w") as f:
    print("id,p_0,p_1", file=f)
    for i, x in enumerate(rows):
        print("%s,%s" % (x["id"], ".8,.2" if (x["truth"] == 0) == (i % 8 > 0) else ".2,.8"), file=f)
END
expect 0 "$W2S" run given.yaml data.train=160 data.test=60 --runs g --json
python3 - out <<'END' || fail "a file of preferences"
import json, sys
for p in json.load(open(sys.argv[1]))["pairs"]:
    assert .8 < p["weak"]["accuracy"][0] < .95 and set(p["best_of"]) == {"student", "ceiling", "possible"}, p
    assert set(p["best_of_by_ceiling"]) == {"student", "ceiling"}, p
END
expect 0 "$W2S" report given-"$(ls g/studies | sed -n "s/^given-//p")" --runs g
lacks out nan
expect 0 "$W2S" task ./rated.yaml --test 20 --train 20 --supervise 20
says out "[1]"

# The same bits again, the features of the frozen blocks and the pieces of a batch included.
run task=rated.yaml data.supervise=32 data.train=160 data.test=60 name=reward --runs b
same() { (cd "$1" && find jobs -name '*.f64' | LC_ALL=C sort | xargs sha256sum); }
[ "$(same a)" = "$(same b)" ] || fail "the same study gave other bits"

# A choice among three: one softmax over the candidates. Who knows nothing is right once in three times.
awk 'BEGIN {
    srand(5)
    for (i = 0; i < 500; i++)
        printf "{\"q\": \"%d the film is\", \"right\": \"good\", \"wrong\": [\"bad\", \"dull\"]}\n", i
}' >quiz.jsonl
cat >quiz.yaml <<'END'
name: quiz
citation: none
licence: CC0
kind: choice
source: {files: {all: quiz.jsonl}}
choice: {question: q, correct: right, distractors: wrong, alternatives: 3}
template: "{q} {candidate}"
long: q
END
run task=quiz.yaml data.supervise=32 data.train=96 data.test=60 untrained=true name=quiz --runs a
tr -s '\n ' ' ' <a/studies/quiz/results.csv >flat
says flat "best_of_by_ceiling student 3,"
lacks flat "best_of student"
says a/studies/quiz/report.html "Best of n, judged by the ceiling's reward"
lacks a/studies/quiz/report.html "<h2>Best of n</h2>"
python3 - out a <<'END' || fail "a choice among three"
import json, struct, sys
r = json.load(open(sys.argv[1]))
for p in r["pairs"]:
    assert p["ceiling"]["accuracy"][0] > .9, p["ceiling"]
    assert "best_of" not in p, p # its texts answer questions of their own
    # Each reward picks one of a question's three: the ceiling's reward of it above the three's mean.
    by = p["best_of_by_ceiling"]
    of = lambda role: (lambda x: [x[i:i + 3] for i in range(0, 180, 3)])(
        struct.unpack("<180d", open(f"{sys.argv[2]}/jobs/{p[role]['jobs'][0]}/rewards.f64", "rb").read()[-1440:]))
    judge = of("ceiling")
    spread = (sum((x - sum(j) / 3) ** 2 for j in judge for x in j) / 180) ** .5
    for k, role in (("weak", "weak"), ("student", "student_scores"), ("ceiling", "ceiling"), ("untrained", "untrained")):
        picked = sum(j[z.index(max(z))] - sum(j) / 3 for z, j in zip(of(role), judge)) / 60 / spread
        assert len(by) == 4 and list(by[k]) == ["3"] and abs(by[k]["3"][0] - picked) < 1e-9, (k, by[k], picked)
assert all(len(x["probs"][0]) == 3 for x in r["examples"]["items"])
END

finish
