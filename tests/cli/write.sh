#!/usr/bin/env bash
# write.sh - a study of written answers end to end, on a micro model: weak labels are what the supervisor wrote; the same
# numbers twice, killed and continued; by band; chess puzzles, with legal moves alone.
. "$(dirname "$0")/lib.sh"

# The first of four words is the answer; every fifth row says the second one.
words_task words.yaml
echo 'bands: {field: letters, cuts: [15, 16]}' >>words.yaml
python3 - >words.csv <<'END'
import random
random.seed(1)
words, seen = ["good", "bad", "film", "plot", "fine", "dull"], set()
print("text,first,letters")
while len(seen) < 700:
    t = [random.choice(words) for _ in range(4)]
    if tuple(t) in seen:
        continue
    seen.add(tuple(t))
    print(f"the {' '.join(t)},{t[len(seen) % 5 == 0]},{sum(map(len, t))}")
END
cat >write.yaml <<END
name: write
task: words.yaml
model: $model
data: {supervise: 40, train: 200, valid: 20, test: 150, max_tokens: 48}
supervisor: {layers: 1, lr: 1e-2, epochs: 4}
student: {layers: 4, lr: 1e-2}
training: {epochs: 5, batch: 8, warmup: 2, evals: 2, checkpoint_every: 0}
bootstrap: 200
END
sed -i 's/^supervisor: {/&embeddings: true, /; s/^student: {/&embeddings: true, /' write.yaml

numbers() {
    (cd "$1" && find jobs -name '*.jsonl' | LC_ALL=C sort | xargs sha256sum
        for j in jobs/*/result.json; do python3 -c '
import json, sys
r = json.load(open(sys.argv[1])); print(sys.argv[1], r["accuracy"], r["final_loss"], json.dumps(r["curve"]))' "$j"; done)
}
start=$(date +%s%N)
expect 0 "$W2S" run write.yaml controls=true seeds=2 --runs a --json
took=$((($(date +%s%N) - start) / 1000000))
python3 - out a <<'END' || fail "results of written answers, or their shape"
import csv, glob, json, sys
r = json.load(open(sys.argv[1]))
assert r["task"]["written"] and "no class has a probability" in r["task"]["scores_undefined"]
assert 0 < r["task"]["constant_accuracy"] < .5
naive, control = r["pairs"]
assert control["control"] and control["pgr"] == [1, 1, 1]
weak, ceiling = naive["weak"]["accuracy"], naive["ceiling"]["accuracy"]
assert weak[0] < ceiling[0] and ceiling[0] > .7, (weak, ceiling)
for role in ("weak", "student_scores", "ceiling"):
    for score in ("auroc", "ece", "brier", "prior_matched_accuracy"):
        assert naive[role][score] is None, score
    assert "legal" not in naive[role]
assert list(naive["bands"]) == ["below 15", "15 to 16", "16 and more"]
assert sum(b["examples"] for b in naive["bands"].values()) == 300
# Every number once more, from the answers alone.
rows = list(csv.DictReader(open(sys.argv[2] + "/studies/" + r["study"]["name"] + "/predictions.csv")))
assert len(rows) == 300
def column(role, what):
    return next(c for c in rows[0] if c.startswith(role) and c.endswith(": " + what))
of = {k: [(x["seed"], x["label"], x[column(k, "answer")], x[column(k, "right")] == "1") for x in rows]
      for k in ("supervisor", "student", "ceiling")}
for k in of:
    for _, label, answer, right in of[k]:
        assert right == (answer == label), (label, answer)
def mean(x):
    x = list(x)
    return sum(x) / len(x)
for key, k in (("weak", "supervisor"), ("student_scores", "student"), ("ceiling", "ceiling")):
    assert abs(naive[key]["accuracy"][0] - mean(mean(x[3] for x in of[k] if x[0] == s) for s in "01")) < 1e-9, k
same = mean(mean(w[2] == x[2] for w, x in zip(of["supervisor"], of["student"]) if w[0] == s) for s in "01")
assert abs(naive["agreement"]["all"][0] - same) < 1e-9, (naive["agreement"], same)
# What the student learnt from is what its supervisor wrote, text by text.
jobs = [j for j in r["jobs"] if j["role"] == "supervisor"]
for j in jobs:
    said = [json.loads(x) for x in open(f"{sys.argv[2]}/jobs/{j['hash']}/train.jsonl")]
    assert len(said) == 200 and {"id", "answer", "right", "legal"} == set(said[0])
    assert any(not x["right"] for x in said)
items = r["examples"]["items"]
assert len(items) == 150 and "probs" not in items[0] and len(items[0]["answers"]) == len(r["examples"]["jobs"])
END
says a/studies/write-*/report.html "By difficulty"
says a/studies/write-*/report.html "supervisor's answers (first seed)."
lacks a/studies/write-*/report.html "Beside each class"
lacks a/studies/write-*/report.html "Ranking and calibration"
grep -q 'bands below 15 student,' a/studies/write-*/results.csv || fail "results.csv has no bands"
expect 0 "$W2S" label write.yaml controls=true seeds=2 --runs a
says out "supervisor,seed,id,source,truth,answer,text"
[ "$(wc -l <out)" = 401 ] || fail "label does not write an answer for each example"
cp out labels.csv
expect 0 "$W2S" label write.yaml controls=true seeds=2 --runs a --json
python3 - labels.csv out <<'END' || fail "answers as JSON are not those of the CSV"
import csv, json, sys
lines = [json.loads(line) for line in open(sys.argv[2])]
assert [dict(x, seed=int(x["seed"])) for x in csv.DictReader(open(sys.argv[1], newline=""))] == lines
END
expect 0 "$W2S" run write.yaml controls=true seeds=2 --runs b
[ "$(numbers a)" = "$(numbers b)" ] || fail "the same study wrote other answers"
expect 0 "$W2S" run write.yaml controls=true seeds=2 --runs a
says err "0 computed"
expect 0 "$W2S" run write.yaml controls=true seeds=2 --runs a --dry-run
says out "6 jobs, 0 to do"

# Killed at five moments and run again: the same answers.
RANDOM=5
for i in 1 2 3 4 5; do
    "$W2S" run write.yaml controls=true seeds=2 --runs cut >out 2>err &
    pid=$!
    sleep "$(awk -v t=$took -v r=$RANDOM 'BEGIN {printf "%.3f", 0.05 + t / 1000 * r / 32768 * .5}')"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
done
expect 0 "$W2S" run write.yaml controls=true seeds=2 --runs cut
[ "$(numbers a)" = "$(numbers cut)" ] || { fail "killed and continued, other answers"; diff <(numbers a) <(numbers cut) | head -5; }

# What is not there for written answers.
expect 2 "$W2S" run write.yaml methods=focal --runs c
says err "method focal needs the probability of each class, and the answers of task words are written"
# Confidence token by token: another student than naive, and naive to the bit without its share.
expect 0 "$W2S" run write.yaml methods='[naive, confidence]' confidence.alpha_max=0 name=none --runs c
expect 0 "$W2S" run write.yaml methods='[naive, confidence]' confidence.alpha_max=0.7 name=much --runs c
python3 - <<'END' || fail "confidence of written answers"
import json
def loss(study, method):
    r = json.load(open(f"c/studies/{study}/results.json"))
    return [j["result"]["curve"][-1]["loss"] for j in r["jobs"] if j["role"] == "student" and j["method"] == method]
assert loss("none", "naive") == loss("none", "confidence") == loss("much", "naive")
assert loss("much", "confidence") != loss("much", "naive")
END
expect 2 "$W2S" run write.yaml decoding=legal --runs c
says err '"decoding" is legal, and the answers of task words are no moves'
expect 2 "$W2S" run write.yaml student.trainable=head student.embeddings=false --runs c
says err '"trainable" is head, and what model'
expect 2 "$W2S" run write.yaml decoding=best --runs c
says err '"decoding" is "best", wanted one of greedy, legal'
expect 2 "$W2S" run write.yaml data.max_tokens=3 --runs c
says err "no room is left for a prompt"
# A broken file of answers is a sentence.
job=$(ls -d a/jobs/*/ | head -n 1)
sed -i '2d' "$job/test.jsonl"
expect 2 "$W2S" run write.yaml controls=true seeds=2 --runs a
says err "test.jsonl"

# Mates with two rooks: of 36 legal moves and more two or three are right at most.
python3 - >mates.csv <<'END'
import random
random.seed(3)
print("PuzzleId,FEN,Moves,Rating")
rows = []
for a in "abcde":
    for b in "abcde":
        for rank in range(1, 7):
            for king in "efgh":
                if a != b:
                    board = {a + "7": "R", b + str(rank): "R", king + "2": "K", "h8": "k"}
                    if len(board) == 4 and not (king == b and rank > 2 and False):
                        rows.append((board, b, rank))
random.shuffle(rows)
for n, (board, b, rank) in enumerate(rows):
    fen = ""
    for r in range(8, 0, -1):
        empty = 0
        for f in "abcdefgh":
            p = board.get(f + str(r))
            empty, fen = (0, fen + (str(empty) if empty else "") + p) if p else (empty + 1, fen)
        fen += (str(empty) if empty else "") + ("/" if r > 1 else "")
    if not (b == "e" and board.get("e2") == "K" and rank < 2):
        print(f"{n},{fen} b - - 0 1,h8g8 {b}{rank}{b}8,{800 + n}")
END
cat >mates.yaml <<'END'
name: mates
citation: none
licence: CC0
kind: generation
source: {files: {all: mates.csv}, format: puzzles}
template: "{prompt}"
answer: {text: answer, position: fen}
bands: {field: rating, cuts: [1000]}
END
chess() { expect 0 "$W2S" run write.yaml task=mates.yaml data.supervise=60 data.train=120 data.valid=0 data.test=80 data.max_tokens=80 "$@" --json; }
chess name=free --runs a
cp out free
chess name=legal decoding=legal --runs a
python3 - free out a <<'END' || fail "moves, legal or not"
import csv, json, sys
free, legal = (json.load(open(p))["pairs"][0] for p in sys.argv[1:3])
for role in ("weak", "student_scores", "ceiling"):
    assert 0 <= free[role]["legal"] <= 1 and "greedy_accuracy" not in free[role]
    # a supervisor has learnt the same, however its answers are chosen
    assert legal[role]["greedy_accuracy"] <= legal[role]["accuracy"][0] + 1e-9
assert legal["weak"]["legal"] == free["weak"]["legal"] and legal["weak"]["greedy_accuracy"] == free["weak"]["accuracy"][0]
assert legal["ceiling"]["legal"] == free["ceiling"]["legal"]
rows = list(csv.DictReader(open(sys.argv[3] + "/studies/legal/predictions.csv")))
columns = [c for c in rows[0] if c.endswith(": legal")]
assert len(columns) == 3 and all(x[c] == "1" for x in rows for c in columns)
assert any(c.endswith(": legal") for c in next(csv.reader(open(sys.argv[3] + "/studies/free/predictions.csv"))))
END
tr -s ' \n' ' ' <err >flat
expect 0 "$W2S" run write.yaml task=mates.yaml data.supervise=60 data.train=120 data.valid=0 data.test=80 data.max_tokens=80 name=legal decoding=legal --runs a
tr -s ' \n' ' ' <out >flat
percent='[0-9.]* %'
grep -qE "Only legal moves were allowed; left free, the supervisor writes a legal move in $percent of the positions and a right one in $percent, the student in $percent and $percent, the ceiling in $percent and $percent\." flat ||
    fail "what is said of legal moves reads otherwise"

# Of two legal moves one begins with the other: where it is whole, it may end.
python3 - >castles.csv <<'END'
import random
random.seed(8)
print("text,fen,answer")
for n in range(120):
    print(n, " ".join(random.choice(["good", "bad", "film", "plot"]) for _ in range(5)) + ",4k3/8/8/8/8/8/8/R3K2R w KQ - 0 1,O-O")
END
sed 's/^name: .*/name: castles/; s/mates.csv, *format: puzzles/castles.csv/; s/mates.csv/castles.csv/; s/, format: puzzles//; s/{prompt}/{text}/; /^bands/d' mates.yaml >castles.yaml
expect 0 "$W2S" run write.yaml task=castles.yaml data.supervise=40 data.train=40 data.valid=0 data.test=20 data.max_tokens=48 name=castles decoding=legal --runs a --json
python3 -c '
import json
p = json.load(open("out"))["pairs"][0]
assert all(p[k]["accuracy"][0] == 1 for k in ("weak", "student_scores", "ceiling")), p' || fail "a move that another begins with cannot end"

# A legal move that is nobody's answer (exd8=Q+) finds room in the model too, or the plan says so.
cp -r "$model" short
sed -i 's/"max_position_embeddings": 128/"max_position_embeddings": 64/' short/config.json
python3 - >pawn.csv <<'END'
import random
random.seed(4)
print("text,fen,answer")
for n in range(300):
    print(n, " ".join(random.choice(["good", "bad", "film", "plot"]) for _ in range(90)) + ",3r3k/4P3/8/8/8/8/6K1/8 w - - 0 1," + random.choice(["Kg3", "Kf3", "Kh3"]))
END
cat >pawn.yaml <<'END'
name: pawn
citation: none
licence: CC0
kind: generation
source: {files: {all: pawn.csv}}
template: "{text}"
answer: {text: answer, position: fen}
END
pawn() { "$W2S" run write.yaml task=pawn.yaml model=short data.supervise=20 data.train=20 data.valid=0 data.test=20 training.epochs=1 supervisor.epochs=1 --runs a "$@"; }
expect 2 pawn data.max_tokens=64 decoding=legal
says err "data.max_tokens is 64; with decoding: legal, prompt and move have up to "
says err "model short takes 64: wanted at most "
expect 0 pawn data.max_tokens="$(sed -n 's/.*wanted at most //p' err)" decoding=legal
expect 0 pawn data.max_tokens=64
finish
