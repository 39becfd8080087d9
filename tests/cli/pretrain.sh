#!/usr/bin/env bash
# pretrain.sh - ladders of micro models: games and plain bytes, whole folders, killed and continued with the same bits, what is wrong.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "SKIP: no python3"; exit 77; }

# Games of 14 half-moves: knights and rooks that go out and back, each game another order.
awk 'BEGIN {
    srand(5)
    split("Nf3 Ng1 Nc3 Nb1 Nh3 Ng1 Na3 Nb1", w, " "); split("Nf6 Ng8 Nc6 Nb8 Nh6 Ng8 Na6 Nb8", b, " ")
    for (g = 0; g < 80; g++) {
        printf "[Event \"%d\"]\n\n", g
        for (i = 1; i <= 7; i += 2) {
            x = 1 + 2 * int(4 * rand()); y = 1 + 2 * int(4 * rand())
            printf "%d. %s %s %d. %s %s ", i, w[x], b[y], i + 1, w[x + 1], b[y + 1]
        }
        print "*\n"
    }
}' >games.pgn
cat >moves.yaml <<'END'
name: moves
data: {pgn: games.pgn, valid: 10, positions: 0.3}
context: 64
tokens: 16000
training: {batch: 8, warmup: 10, evals: 3, checkpoint_every: 0}
models:
  - {name: small, layers: 1, width: 16, heads: 2, lr: 1e-2}
  - {name: large, layers: 2, width: 32, heads: 4, kv_heads: 2, lr: 1e-2}
END
pretrain() { "$W2S" pretrain "$@"; }

# What it would take, and nothing is trained.
expect 0 pretrain moves.yaml --runs whole --dry-run
says out "moves/large: 0.0"
says out "million parameters, 16,000 tokens"
says out "2 models, 2 to do, about "
[ -z "$(ls whole/jobs 2>/dev/null)$(ls whole/work 2>/dev/null)" ] || fail "a dry run left jobs"
[ ! -e whole/ladders/moves/small ] || fail "a dry run left a model"

expect 0 pretrain moves.yaml --runs whole
says out "model"
says out "models: whole/ladders/moves"
says err "moves: 80 games, 10 of them held out; left out: 0 repeated, 0 others"
for m in small large; do
    for f in config.json model.safetensors tokenizer.json tokenizer_config.json; do
        [ -s whole/ladders/moves/$m/$f ] || fail "$m has no $f"
    done
done
python3 - <<'END' || fail "numbers of a ladder"
import csv, json, math
rows = list(csv.DictReader(open("whole/ladders/moves/ladder.csv")))
assert [r["model"] for r in rows] == ["small", "large"]
config = json.load(open("whole/ladders/moves/large/config.json"))
assert (config["hidden_size"], config["num_hidden_layers"], config["num_key_value_heads"], config["max_position_embeddings"]) == (32, 2, 2, 64), config
C, M, V = 32, config["intermediate_size"], config["vocab_size"]
assert int(rows[1]["parameters"]) == V * C + 2 * (C * C * 2 + C * 16 * 2 + 3 * C * M + 2 * C) + C
for r in rows:
    assert 16000 <= int(r["tokens"]) < 16200
    assert abs(math.exp(float(r["held_out_loss"])) - float(r["perplexity"])) < 1e-6 * float(r["perplexity"])
    assert float(r["held_out_loss"]) < 4, r
assert float(rows[1]["held_out_loss"]) < 2 and float(rows[1]["accuracy"]) > .1, rows[1]  # a knight that is out goes back
END
# Data by its name, and one file of it behind the name.
mkdir -p data/chess/pgn
cp games.pgn data/chess/pgn/a.pgn
tiny=(data.valid=1 data.positions=0 tokens=100 "models=[{name: tiny, layers: 1, width: 8, heads: 1}]" --runs named)
W2S_DATA=$scratch/data expect 0 pretrain moves.yaml data.pgn=chess-games/a.pgn "${tiny[@]}"
says err "moves: 80 games, 1 of them held out; left out: 0 repeated, 0 others"
W2S_DATA=$scratch/data expect 0 pretrain moves.yaml "data.pgn=[chess-games/a.pgn, chess-games]" "${tiny[@]}"
says err "left out: 80 repeated"
W2S_DATA=$scratch/data expect 2 pretrain moves.yaml data.pgn=chess-games/c.pgn "${tiny[@]}"
says err "data/chess/pgn/c.pgn: No such file or directory"

# Moves of positions are asked for where positions are learnt; next moves in either case.
python3 - <<'END' || fail "accuracies"
import glob, json
of = {runs: [json.load(open(f)) for f in glob.glob(runs + "/jobs/*/result.json")] for runs in ("whole", "named")}
assert all(r["accuracy"] is not None and r["position_accuracy"] is not None for r in of["whole"]), of
assert all(r["accuracy"] is not None and r["position_accuracy"] is None for r in of["named"]), of
END
# Words are those that stand twice in games that are learnt: of ten first moves, in two games each, 5 held out games take 3 to 5 away.
for move in a3 b3 c3 d3 e3 a4 b4 c4 d4 Na3; do printf '[Event "-"]\n\n1. %s e5 *\n\n[Event "-"]\n\n1. %s d5 *\n\n' $move $move; done >first.pgn
expect 0 pretrain moves.yaml "${tiny[@]/data.valid=1/data.valid=5}" data.pgn=first.pgn name=first
python3 - <<'END' || fail "the vocabulary is not that of the games that are learnt"
import json
words = {w.strip().lstrip("\u0120") for w in json.load(open("named/ladders/first/tiny/tokenizer.json"))["model"]["vocab"]}
first = set("a3 b3 c3 d3 e3 a4 b4 c4 d4 Na3".split())
assert {"e5", "d5"} <= words and 5 <= len(first & words) <= 7, first & words
END

# What is there is not timed again.
expect 0 pretrain moves.yaml --runs whole --dry-run tokens=16001 --json
expect 0 pretrain moves.yaml --runs whole --dry-run --json
python3 -c '
import json
plan = json.load(open("out"))
assert [m["done"] for m in plan] == [True, True] and plan[1]["seconds"] is None, plan
assert plan[1]["tokens"] == 16000 and plan[1]["operations"] > plan[0]["operations"] and plan[1]["bytes"] > 16000, plan' || fail "--dry-run --json"
# Found again; placed again where it is gone; JSON.
rm -r whole/ladders
expect 0 pretrain moves.yaml --runs whole --json
python3 -c '
import json, os
r = json.load(open("out")); assert r["ladder"] == "moves" and len(r["models"]) == 2
assert all(os.path.exists(m["folder"] + "/model.safetensors") for m in r["models"])' || fail "--json"
[ "$(ls whole/jobs | wc -l)" = 2 ] || fail "not two jobs"
expect 0 "$W2S" ls --runs whole
says out "moves/large"
expect 0 "$W2S" show "$(ls whole/jobs | head -1)" --runs whole

# The tokenizer has every puzzle's prompt, moves as single tokens; the model goes on with legal moves.
printf '%s\n' '1. Nf3 Nc6 2.' '8/8/3k4/8/8/3K4/4P3/8 w' 'r1bqkbnr/pppppppp/2n5/8/8/5N2/PPPPPPPP/RNBQKB1R w KQkq' ' Nf3' >texts
expect 0 "$W2S" tokenize whole/ladders/moves/large texts
python3 - <<'END' || fail "ids of prompts"
import json
ids = [json.loads(line)["ids"] for line in open("out")]
assert [len(x) for x in ids] == [4, len("8/8/3k4/8/8/3K4/4P3/8") + 1, len("r1bqkbnr/pppppppp/2n5/8/8/5N2/PPPPPPPP/RNBQKB1R") + 2, 1], ids
assert ids[3][0] == ids[0][1]
END
if [ -n "${W2S_PYTHON:-}" ]; then
    OMP_NUM_THREADS=1 "$W2S_PYTHON" - <<'END' || fail "transformers loads another model or tokenizer"
import json
from transformers import AutoModelForCausalLM, AutoTokenizer
folder = "whole/ladders/moves/large"
tok = AutoTokenizer.from_pretrained(folder)
texts = open("texts").read().split("\n")[:-1]
ids = [json.loads(line)["ids"] for line in open("out")]
assert [tok(t)["input_ids"] for t in texts] == ids and [tok.decode(i) for i in ids] == texts
assert tok.eos_token_id == 0 and AutoModelForCausalLM.from_pretrained(folder).num_parameters() > 0
END
fi

# A study takes it as a model.
cat >>micro.yaml <<'END'
controls: false
END
expect 0 "$W2S" run micro.yaml model=whole/ladders/moves/large student.layers=2 student.trainable=all supervisor.layers=1 methods=naive training.epochs=1 --runs studies
says err "0 failed"

# Texts that cannot be foreseen: what is learnt by heart is not what is held out. Held-out documents that were learnt too, or documents
# to learn in their place, would be known as well.
python3 - >noise.txt <<'END'
import random
random.seed(6)
print("\n\n".join("".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(30)) for _ in range(8)))
END
cat >noise.yaml <<'END'
name: noise
data: {text: noise.txt, valid: 2}
context: 64
tokens: 50000
training: {batch: 6, warmup: 10, evals: 5, lr: 2e-2, checkpoint_every: 0, weight_decay: 0}
models: [{name: only, layers: 2, width: 32, heads: 4}]
END
expect 0 pretrain noise.yaml --runs noise
python3 - <<'END' || fail "a ladder is validated on what it learns, or learns what it is validated on"
import glob, json
r = json.load(open(glob.glob("noise/jobs/*/result.json")[0]))
print("learnt to", r["final_loss"], "held out", r["held_out_loss"])
assert r["held_out_tokens"] == 2 * 30, r  # the other letters, and the end
assert r["final_loss"] < .5 and r["held_out_loss"] > 3.2, r  # ln 26 is 3.26: who knows nothing but the letters
END

# Killed at random moments and continued, by one process or two: the same bits.
numbers() {
    (cd "$1" && sha256sum ladders/*/*/model.safetensors ladders/*/*/tokenizer.json
        for j in jobs/*/result.json; do python3 -c '
import json, sys
r = json.load(open(sys.argv[1])); print(sys.argv[1], r["accuracy"], r["held_out_loss"], r["final_loss"], json.dumps(r["curve"]))' "$j"; done)
}
want=$(numbers whole)
RANDOM=7
kills=0
for i in $(seq 1 10); do
    "$W2S" pretrain moves.yaml --runs cut >out 2>err &
    pid=$!
    sleep "$(awk -v r=$RANDOM 'BEGIN {printf "%.3f", 0.02 + r / 32768 * .12}')"
    kill -9 $pid 2>/dev/null && kills=$((kills + 1))
    wait $pid 2>/dev/null
done
pretrain moves.yaml --runs cut >out2 2>err2 &
pid=$!
expect 0 pretrain moves.yaml --runs cut
wait $pid || fail "the process beside it failed: $(cat err2)"
[ "$(numbers cut)" = "$want" ] || { fail "killed and continued, other bits"; diff <(echo "$want") <(numbers cut) | cut -c 1-300 | head -5; }
python3 - <<'END' || fail "tokens a second are not those of all lives"
import glob, json
for r in (json.load(open(f)) for f in glob.glob("cut/jobs/*/result.json")):
    assert abs(r["tokens_per_second"] * r["train_seconds"] / r["tokens"] - 1) < 1e-6 and r["train_seconds"] < r["seconds"], r
END
[ "$kills" -ge 3 ] || fail "only $kills of 10 kills hit a running program"

# Ctrl-C: a sentence on how to go on.
"$W2S" pretrain moves.yaml tokens=3000000 data.positions=0 --runs stop >out 2>err &
pid=$!
for i in $(seq 1 300); do
    ls stop/work/*/checkpoint.bin >/dev/null 2>&1 && break
    sleep .1
done
kill -INT $pid
wait $pid
[ $? = 130 ] || fail "Ctrl-C ended with another status than 130"
says err "the same command goes on"

# Who stops a ladder has the models that are done.
sed 's/kv_heads: 2/kv_heads: 2, tokens: 3000000/' moves.yaml >long.yaml
"$W2S" pretrain long.yaml --runs half >out 2>err &
pid=$!
for i in $(seq 1 300); do
    ls half/jobs/*/result.json half/work/*/checkpoint.bin >/dev/null 2>&1 && break
    sleep .1
done
kill -INT $pid
wait $pid
[ $? = 130 ] || fail "Ctrl-C in the second model ended with another status than 130"
[ -s half/ladders/moves/small/model.safetensors ] || fail "a stopped ladder has no folder of what is done"
[ ! -e half/ladders/moves/large ] || fail "a stopped ladder has a folder of what is not done"

# Texts as bytes, and by a model's tokenizer.
awk 'BEGIN { for (i = 0; i < 60; i++) printf "document %d says that %d comes after %d\n%s\n", i, i + 1, i, i % 7 ? "\n" : "and ends" }' >texts.txt
cat >bytes.yaml <<'END'
name: bytes
data: {text: [texts.txt, more.jsonl], field: text, valid: 5}
context: 64
tokens: 6000
training: {batch: 8, warmup: 5, lr: 1e-2, evals: 1}
models: [{name: only, layers: 1, width: 16, heads: 2}]
END
head -20 toy.jsonl >more.jsonl
expect 0 pretrain bytes.yaml --runs b
python3 -c '
import csv, json
r = list(csv.DictReader(open("b/ladders/bytes/ladder.csv")))[0]
assert json.load(open("b/ladders/bytes/only/config.json"))["vocab_size"] == 257
assert r["accuracy"] == "" and 0 < float(r["held_out_loss"]) < 5, r' || fail "bytes"
expect 0 pretrain bytes.yaml tokenizer="$model" name=given --runs b
cmp -s "$model/tokenizer.json" b/ladders/given/only/tokenizer.json || fail "another tokenizer than the one given"
expect 0 "$W2S" score b/ladders/given/only texts
expect 0 pretrain bytes.yaml family=qwen3 name=family --runs b
says b/ladders/family/only/config.json Qwen3ForCausalLM

# What is wrong is a sentence.
wrong() {
    local text=$1
    shift
    expect 2 pretrain "$@" --runs w
    one_sentence
    says err "$text"
}
: >empty.pgn
wrong "moves: no games to learn from in empty.pgn" moves.yaml data.pgn=empty.pgn
wrong "moves: data.valid holds 80 games out of 80 different ones: none is left to learn from" moves.yaml data.valid=80
wrong "width\" is 17, wanted a multiple of the 2 heads" moves.yaml 'models=[{name: a, layers: 1, width: 17, heads: 2}]'
wrong "heads\" leaves each 3 of \"width\", wanted an even number" moves.yaml 'models=[{name: a, layers: 1, width: 6, heads: 2}]'
wrong "kv_heads\" is 2, wanted a number that divides the 3 heads" moves.yaml 'models=[{name: a, layers: 1, width: 12, heads: 3, kv_heads: 2}]'
wrong "two models are \"a\"" moves.yaml 'models=[{name: a, layers: 1, width: 4, heads: 1}, {name: a, layers: 1, width: 8, heads: 1}]'
wrong "\"models\" is empty" moves.yaml 'models=[]'
wrong "unknown key \"token\"; did you mean \"tokens\"?" moves.yaml token=5
wrong "unknown key \"data.positons\"; did you mean \"data.positions\"?" moves.yaml data.positons=0
wrong "depth\"; known are" moves.yaml 'models=[{name: a, depth: 1, width: 8, heads: 1}]'
wrong "\"training.epochs\" is not a ladder's" moves.yaml training.epochs=2
wrong "\"tokenizer\" is moves, which is for games" bytes.yaml tokenizer=moves
wrong "\"data.positions\" are of games" bytes.yaml data.positions=0.1
wrong "\"data\" has both pgn and text" bytes.yaml data.pgn=games.pgn
wrong "\"family\"" moves.yaml family=gpt2
wrong "more.jsonl:1: \"words\" is missing, wanted a text" bytes.yaml data.text=more.jsonl data.field=words
wrong "no-such" moves.yaml data.pgn=no-such
wrong "a context of 10 tokens" moves.yaml context=10 --quiet
mkdir folder
wrong "folder: no file of games (.pgn) in it" moves.yaml data.pgn=folder
wrong "did you mean \"chess\"?" ches
expect 2 pretrain
says err "pretrain wants a ladder"
cp games.pgn folder/
expect 0 pretrain moves.yaml data.pgn=folder tokens=600 name=folder --runs w

# A model that the machine has no memory for is not begun, and the others are made.
large='models=[{name: huge, layers: 500, width: 65536, heads: 512}, {name: good, layers: 1, width: 16, heads: 2}]'
expect 0 pretrain moves.yaml "$large" tokens=3000 name=huge --runs f --dry-run
says err "huge/huge would fail: out of memory: it takes about "
expect 1 pretrain moves.yaml "$large" tokens=3000 name=huge --runs f
says err "huge/huge: out of memory: it takes about "
[ -s f/ladders/huge/good/model.safetensors ] || fail "the model beside one that is too large is not there"

# A learning rate that ends in nothing fails its model alone.
expect 1 pretrain moves.yaml 'models=[{name: bad, layers: 1, width: 16, heads: 2, lr: 10, warmup: 0, clip: 0, eps: 1e-30, weight_decay: 10}, {name: good, layers: 1, width: 16, heads: 2}]' tokens=3000 training.beta2=0 name=half --runs f
says err "1 of 2 models failed"
says out "failed: step"
[ -s f/ladders/half/good/model.safetensors ] || fail "the other model is not there"
finish
