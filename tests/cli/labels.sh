#!/usr/bin/env bash
# labels.sh - a student learns from its supervisor's labels, and from nothing else: other labels, or answers, put in their place, it follows them.
. "$(dirname "$0")/lib.sh"

expect 0 "$W2S" run micro.yaml methods=naive name=micro --runs whole --json
read -r weak student ceiling < <(python3 - out <<'END'
import json, sys
p = json.load(open(sys.argv[1]))["pairs"][0]
print(p["weak"]["jobs"][0], p["student_scores"]["jobs"][0], p["ceiling"]["jobs"][0])
END
)
[ -s "whole/jobs/$weak/train.f64" ] && [ -s "whole/jobs/$student/test.f64" ] || fail "the study left no labels or no predictions"

# A job's hash has its supervisor's hash in it and not the labels' bytes, so labels are changed behind the program's back: in a copy of the
# runs folder, with the student's job taken out.
for change in same constant shuffled inverted; do
    rm -rf copy && cp -r whole copy && rm -rf "copy/jobs/$student"
    python3 - "copy/jobs/$weak/train.f64" $change <<'END'
import random, struct, sys
path, change = sys.argv[1:]
data = open(path, "rb").read()
n = struct.unpack("<Q", data[8:16])[0]
x = struct.unpack(f"<{n}d", data[16:])
rows = [x[i:i + 2] for i in range(0, n, 2)]
if change == "constant":
    rows = [(0.0, 1.0)] * len(rows)
elif change == "shuffled":
    random.Random(5).shuffle(rows)
elif change == "inverted":
    rows = [(b, a) for a, b in rows]
open(path, "wb").write(data[:16] + struct.pack(f"<{n}d", *[p for row in rows for p in row]))
END
    expect 0 "$W2S" run micro.yaml methods=naive name=micro --runs copy --json
    says err "1 computed, 2 found"
    cmp -s "whole/jobs/$ceiling/test.f64" "copy/jobs/$ceiling/test.f64" || fail "$change: the ceiling moved"
    cmp -s "whole/jobs/$student/test.f64" "copy/jobs/$student/test.f64"
    [ $? = "$([ $change = same ] && echo 0 || echo 1)" ] || fail "$change: the student does not follow its labels"
    python3 - out "copy/jobs/$student/test.f64" $change <<'END' || fail "$change: the student's accuracy is not that of its labels"
import json, struct, sys
pair = json.load(open(sys.argv[1]))["pairs"][0]
weak, got = pair["weak"]["accuracy"][0], pair["student_scores"]["accuracy"][0]
data = open(sys.argv[2], "rb").read()
ones = struct.unpack(f"<{(len(data) - 16) // 8}d", data[16:])[1::2]
print(sys.argv[3], "weak", weak, "student", got)
assert weak > .65
assert {"same": got > .65, "constant": min(ones) > .5 and got == .5, "shuffled": .35 < got < .65, "inverted": got < .35}[sys.argv[3]]
END
done

# A study that was run is found by what it is called in the runs folder, as w2s report finds it; a study file of that name goes first.
expect 0 "$W2S" label micro.yaml methods=naive name=micro --runs whole
cp out by_file.csv
expect 0 "$W2S" label micro --runs whole
cmp -s out by_file.csv || fail "labels by the study's name are others"
expect 2 "$W2S" label micro --runs elsewhere
says err 'no study named "micro"'
expect 2 "$W2S" run micro --runs whole
says err 'no study named "micro"'
cp -r whole/studies/micro whole/studies/quick
expect 2 "$W2S" label quick --offline --runs whole

# So does one that writes: its supervisor's answers put in their place by others, it writes those, never the true ones.
words_task words.yaml
cat >write.yaml <<END
name: write
task: words.yaml
model: $model
data: {supervise: 60, train: 140, valid: 0, test: 80, max_tokens: 48}
supervisor: {layers: 1, lr: 1e-2, epochs: 6, embeddings: true}
student: {layers: 4, lr: 1e-2, embeddings: true}
training: {epochs: 4, batch: 8, warmup: 2, evals: 0}
controls: false
bootstrap: 200
END
expect 0 "$W2S" run write.yaml --runs whole --json
read -r weak student < <(python3 - out <<'END'
import json, sys
p = json.load(open(sys.argv[1]))["pairs"][0]
print(p["weak"]["jobs"][0], p["student_scores"]["jobs"][0])
END
)
for change in same constant; do
    rm -rf copy && cp -r whole copy && rm -rf "copy/jobs/$student"
    python3 - "copy/jobs/$weak/train.jsonl" $change <<'END'
import json, sys
path, change = sys.argv[1:]
rows = [json.loads(line) for line in open(path)]
with open(path, "w") as f:
    for x in rows:
        print(json.dumps({**x, "answer": "dull"} if change == "constant" else x), file=f)
END
    expect 0 "$W2S" run write.yaml --runs copy --json
    says err "1 computed, 2 found"
    python3 - "whole/jobs/$student/test.jsonl" "copy/jobs/$student/test.jsonl" $change <<'END' || fail "$change: the student writes something else than what it learnt from"
import json, sys
before, after = ([json.loads(line)["answer"] for line in open(f)] for f in sys.argv[1:3])
assert "dull" not in before, before
assert after == (["dull"] * len(before) if sys.argv[3] == "constant" else before), after
END
done
finish
