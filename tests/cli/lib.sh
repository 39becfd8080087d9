# lib.sh - what the cases of tests/cli and tests/fault share: a scratch folder, a toy task and study, assertions.
# W2S names the program, W2S_SOURCE the source tree; a case ends with `finish`.
set -u
[ -x "${W2S:-}" ] || { echo "SKIP: W2S does not name the program"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
export XDG_CACHE_HOME=$scratch/cache XDG_CONFIG_HOME=$scratch/config W2S_THREADS=${W2S_THREADS:-2} W2S_SHARE=${W2S_SHARE:-$W2S_SOURCE}
model=$W2S_SOURCE/tests/cli/model
checks=0 bad=0

# words_task FILE - a task whose answer is written: the first of a text's words, on words.csv.
words_task() {
    awk 'BEGIN { srand(2); split("good bad film plot", w, " "); print "text,first"
        for (i = 0; i < 300; i++) { a = w[1 + int(4 * rand())]; print i " the " a " " w[1 + int(4 * rand())] "," a } }' >words.csv
    cat >"$1" <<'END'
name: words
citation: none
licence: CC0
kind: generation
source: {files: {all: words.csv}}
template: "{text} was"
answer: first
END
}

# rated_task [ROWS] - a task of pairs, rated.yaml, on rated.jsonl (900 rows): of two texts the one that people rate higher.
rated_task() {
    awk -v rows="${1:-900}" 'BEGIN { srand(5); for (i = 0; i < rows; i++) { y = rand() < .5
        printf "{\"text\": \"%d the film is %s\", \"rating\": %.2f}\n", i, (rand() < .9) == y ? "good" : "bad", (y ? 1 : -1) * (1 + 2 * rand()) } }' >rated.jsonl
    cat >rated.yaml <<'END'
name: rated
citation: none
licence: CC0
kind: preference
source: {files: {all: rated.jsonl}}
template: "{text}"
preference: {rating: rating, gap: 2, word: " good"}
END
}
# three_task - a task of three classes, three.yaml, on three.jsonl; after toy.yaml.
three_task() {
    sed 's/^label: .*/label: {field: label, map: {"0": 0, "1": 1, "2": 2}}/; s/^  - {name: negative.*/  - {name: other, word: " plot"}\n&/; s/toy/three/' toy.yaml >three.yaml
    awk 'BEGIN { srand(9); split("plot bad good", w, " "); for (i = 0; i < 800; i++) { y = int(3 * rand())
        printf "{\"text\": \"%d the film is %s\", \"label\": %d}\n", i, w[1 + (rand() < .9 ? y : int(3 * rand()))], y } }' >three.jsonl
}

fail() { echo "FAILED: $*"; bad=$((bad + 1)); }
# expect STATUS COMMAND...: runs it, keeps out and err, compares the exit status
expect() {
    local want=$1 got
    shift
    checks=$((checks + 1))
    "$@" >out 2>err
    got=$?
    [ "$got" = "$want" ] || { fail "$* ended with $got, wanted $want"; head -n 5 out err; }
}
# says FILE TEXT: the file has the text in it
says() {
    checks=$((checks + 1))
    grep -qF -- "$2" "$1" || { fail "$1 does not say: $2"; head -n 8 "$1" | cut -c 1-300; }
}
lacks() {
    checks=$((checks + 1))
    if grep -qF -- "$2" "$1"; then fail "$1 says: $2"; fi
}
# one_sentence: standard error is one line that begins with the program's name
one_sentence() {
    checks=$((checks + 1))
    [ "$(grep -c . err)" = 1 ] && grep -q '^w2s: ' err || { fail "standard error is not one sentence"; cat err; }
}
finish() {
    echo "$checks checks, $bad failed"
    [ $bad = 0 ]
    exit
}

# A toy task: sentences whose last word tells their sentiment, but for one label in ten that says the contrary: 800 rows, which the micro
# model learns to about .9. Its supervisor, one layer and 32 examples, gets to about .75.
awk 'BEGIN {
    srand(7); split("good fine", p, " "); split("bad dull", q, " "); split("film plot", f, " "); split("was is", v, " ")
    for (i = 0; i < 800; i++) {
        y = rand() < .5; noisy = rand() < .1
        w = (y != noisy) ? p[1 + int(2 * rand())] : q[1 + int(2 * rand())]
        printf "{\"text\": \"%d the %s %s %s\", \"label\": %d}\n", i, f[1 + int(2 * rand())], v[1 + int(2 * rand())], w, y
    }
}' >toy.jsonl
cat >toy.yaml <<END
name: toy
title: A toy
citation: none
licence: CC0
kind: labelled
source:
  files: {all: toy.jsonl}
fields: {text: text, label: label}
template: "{text}"
long: text
classes:
  - {name: negative, word: " bad"}
  - {name: positive, word: " good"}
label: {field: label, map: {"0": 0, "1": 1}}
END
cat >micro.yaml <<END
name: micro
title: A micro study
task: toy.yaml
model: $model
data: {supervise: 32, train: 256, valid: 20, test: 200, max_tokens: 32}
supervisor: {layers: 1, trainable: all, lr: 2.5e-3, epochs: 1}
student: {layers: 4, trainable: top 3, lr: 1e-2}
training: {epochs: 3, batch: 8, warmup: 2, evals: 2}
methods: [naive, confidence]
bootstrap: 200
END
