#!/usr/bin/env bash
# docs.sh - the commands of docs/own-data.md, docs/import.md and docs/nlp-tasks.md do what is said there, on files by hand and on the task files that the
# pages show, with the micro model and study. What needs data or DuckDB's program that is not here is passed over, and said.
. "$(dirname "$0")/lib.sh"
duckdb=${W2S_DUCKDB:-$HOME/.cache/w2s/assets/duckdb/duckdb}
[ -x "$duckdb" ] && PATH=$(dirname "$duckdb"):$PATH
export PATH

awk 'BEGIN {
    print "words,kind" >"letters.csv"
    for (i = 0; i < 600; i++) {
        kind = i % 2 ? "praise" : "complaint"
        words = sprintf("letter %d of week %d: the %s", i, i * 37 % 53, i % 2 ? "chair is right" : "parcel came late")
        printf "%s,%s\n", words, kind >"letters.csv"
        print words >"lines.txt"
        print kind >"kinds.txt"
        printf "{\"question\": \"what is %d and %d?\", \"options\": [\"%d\", \"%d\", \"%d\"], \"answer\": %d}\n", i, i * 7 % 11, i, i + 1, i + 2, i % 3 >"quiz.jsonl"
    }
}'
mkdir in && cp letters.csv in/ && tar -czf packed.tar.gz in && rm -r in
if [ -x "$duckdb" ]; then
    "$duckdb" -init /dev/null -batch -c "COPY (SELECT * FROM 'letters.csv') TO 'votes.parquet' (FORMAT parquet)" || fail "no votes.parquet"
fi
# The task files that the pages show, by their names
awk '/^```yaml/ { on = 1; text = ""; name = ""; next }
     /^```/ { if (on && name != "") printf "%s", text >(name ".yaml"); on = 0 }
     on { text = text $0 "\n"; if ($1 == "name:") name = $2 }' "$W2S_SOURCE"/docs/{own-data,import}.md

# Answers of letters that are right but for one in ten
answers() {
    python3 - <<'END'
import csv
rows = list(csv.DictReader(open("examples.csv", newline="")))
with open("answers.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["id", "probability"])
    w.writerows([x["id"], 0.9 if (x["truth"] == "1") == (i % 10 > 0) else 0.1] for i, x in enumerate(rows))
END
}

# What another program says of examples that it was given
awk 'BEGIN {
    print "id,label" >"truth.csv"
    print "id,model,probability" >"predictions.csv"
    split("small large-weak large-aux large", model, " ")
    for (i = 0; i < 200; i++) {
        print "r" i "," i % 2 >"truth.csv"
        for (k = 1; k <= 4; k++) print "r" i "," model[k] "," ((i * 7 % 20 < 6 / k) ? 1 - i % 2 : i % 2) >"predictions.csv"
    }
}'

ran=0
while read -r line; do
    case $line in
    *boolq* | *sciq* | *hellaswag*) [ -n "${W2S_DATA:-}" ] || { echo "SKIP: W2S_DATA: $line"; continue; } ;;
    *parquet* | *long-letters*) [ -x "$duckdb" ] || { echo "SKIP: DuckDB: $line"; continue; } ;;
    esac
    case $line in
    "run quick"* | "label quick"*) line=${line/quick/micro.yaml} ;;
    "task new"*) ;;
    *heuristic*) sed -i "s#smollm2-135m#$model#; s/top 6/top 3/" heuristic.yaml ;;
    task*) [[ $line = *--all* ]] || line="$line --model $model" ;;
    esac
    [ "$line" = "task new letters.csv" ] && rm -f letters.yaml
    echo "w2s $line"
    checks=$((checks + 1)) ran=$((ran + 1))
    [[ $line = "run heuristic"* ]] && answers
    # the pages' own quotes are the shell's
    eval "\"\$W2S\" $line" >out 2>err </dev/null || { fail "w2s $line ended with $?"; head -n 5 err; }
done < <(cat "$W2S_SOURCE"/docs/{own-data,import,nlp-tasks}.md | sed -n 's/^    w2s \(.*\)$/\1/p' | sed -E 's/ +#.*//')
[ -s examples.jsonl ] || fail "no examples were written"
expect 0 "$W2S" run heuristic.yaml
says err "3 computed"
says runs/studies/elsewhere/report.html "made by other programs"
[ $ran -ge 10 ] || fail "the pages show too few commands"
says letters.yaml 'map: {"complaint": 0, "praise": 1}'

finish
