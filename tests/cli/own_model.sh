#!/usr/bin/env bash
# own_model.sh - the commands of docs/own-model.md do what is said there, with the micro model and study in the place of their names.
. "$(dirname "$0")/lib.sh"
export HF_HOME=$scratch/hf HF_HUB_OFFLINE=1
page=$W2S_SOURCE/docs/own-model.md
cp -r "$model" my-model
cp "$W2S_SOURCE/tests/oracle/gguf/llama/model.gguf" my-model.gguf
cut -d'"' -f4 toy.jsonl | head -n 5 >texts.txt
ran=0
while read -r line; do
    ran=$((ran + 1)) checks=$((checks + 1))
    if [[ $line = *my-adapter* ]]; then
        # what the study before it saved
        cp -r "$(find runs -name adapter -type d | head -n 1)" my-adapter || fail "no adapter was saved"
    fi
    # the page's own quotes are the shell's
    eval "\"\$W2S\" ${line/quick/micro.yaml}" >out 2>err </dev/null || { fail "w2s $line ended with $?"; head -n 5 err; }
done < <(sed -n 's/^    w2s \(.*\)$/\1/p' "$page")
[ $ran -ge 10 ] || fail "the page shows too few commands"
[ -d my-adapter ] || fail "the page shows no adapter"

# Its table is the program's
expect 0 "$W2S" models --json
python3 - "$page" <<'END' || fail "the page's families are not the program's"
import json, re, sys
rows = re.findall(r"^\| [^|]+ \| `(\w+)` \| (?:`(\w+)`)? ?\| ", open(sys.argv[1]).read(), re.M)
assert sorted(rows) == sorted((f["family"], f["gguf"] or "") for f in json.load(open("out"))["families"]), rows
END
finish
