#!/usr/bin/env bash
# two_models.sh - models with tokenizers of their own read the same texts: one cut for the whole study, in every job's name.
. "$(dirname "$0")/lib.sh"

mkdir bytes
cp "$model"/config.json "$model"/model.safetensors bytes/
python3 - "$model" <<'END' || fail "a tokenizer without merges"
import json, sys
t = json.load(open(sys.argv[1] + "/tokenizer.json"))
t["model"]["merges"] = []
json.dump(t, open("bytes/tokenizer.json", "w"))
END

data() { # the data hashes of a study's jobs, part by part, each once
    python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
specs = [json.load(open(sys.argv[2] + "/jobs/" + j["hash"] + "/job.json"))["spec"] for j in r["jobs"]]
print(*sorted({part + ":" + h for s in specs for part, h in s["data"].items()}))' \
        "$1/studies/$2/results.json" "$1"
}
truncated() { # of the test texts; each job says the same
    python3 -c 'import json, sys
print(*{j["result"]["truncated"]["test"] for j in json.load(open(sys.argv[1]))["jobs"]})' "$1/studies/$2/results.json"
}

short="data.max_tokens=12 methods=naive --runs r"
expect 0 "$W2S" run micro.yaml name=one $short
expect 0 "$W2S" run micro.yaml name=two student.model=bytes $short
says err "texts cut to 12 tokens, the same for every model"
# Where people read, a path is as many of its last parts as tell it from the others.
says out "model, 1 of 4 layers"
lacks out "$model"
expect 0 "$W2S" ls --runs r
says out "supervisor model 1 of 4 layers"
lacks out "$model"
if grep -E '<(td|li|text)' r/studies/two/report.html | grep -qF "$model"; then fail "the report shows whole paths"; fi
says r/studies/two/results.json "\"name\": \"$model\", \"shown\": \"model\""
expect 0 "$W2S" run micro.yaml name=other supervisor.model=bytes $short
expect 0 "$W2S" run micro.yaml name=bytes model=bytes $short
[ "$(data r two | wc -w)" = 4 ] || fail "the two models of a study read different texts"
[ "$(data r two)" = "$(data r other)" ] || fail "the cut depends on who is supervisor and who is student"
[ "$(data r two)" = "$(data r bytes)" ] || fail "the cut is not that of the tokenizer which makes the most tokens"
[ "$(data r two)" != "$(data r one)" ] || fail "another cut, and the jobs' names are the same"
[ "$(truncated r two)" = 200 ] || fail "every test text has more than 12 bytes, but $(truncated r two) of 200 are truncated"
[ "$(truncated r one)" -lt 200 ] || fail "with merges, too"

# Where nothing is cut, a second model changes no name: the supervisor's job is found again.
expect 0 "$W2S" run micro.yaml name=three methods=naive data.max_tokens=64 --runs r
expect 0 "$W2S" run micro.yaml name=four methods=naive data.max_tokens=64 student.model=bytes --runs r
says err "2 computed, 1 found"

# The label words are no tokens of the second model, so that its head is random, and two repetitions of it are two; of the first they are one.
expect 0 "$W2S" run micro.yaml methods=naive training.epochs=1 student.model="[$model, bytes]" seeds=2 'hold=[split, order]' --runs r --json
python3 - out <<'END' || fail "repetitions that are the same jobs"
import json, sys
one, two = json.load(open(sys.argv[1]))["pairs"]
assert (one["seeds"], one["seeds_failed"]) == (1, 0) and len(one["per_seed"]) == len(one["ceiling"]["jobs"]) == 1, one
assert two["seeds"] == len(two["per_seed"]) == len(set(two["ceiling"]["jobs"])) == 2, two
END
finish
