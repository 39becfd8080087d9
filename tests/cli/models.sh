#!/usr/bin/env bash
# models.sh - what is said of families and of models at hand.
. "$(dirname "$0")/lib.sh"
oracle=$W2S_SOURCE/tests/oracle/models
export HF_HOME=$scratch/hf HF_HUB_OFFLINE=1
snapshot=hf/hub/models--own--gemma-tiny
mkdir -p $snapshot/refs $snapshot/snapshots
commit=0123456789012345678901234567890123456789
printf $commit >$snapshot/refs/main
cp -r "$oracle/gemma3" $snapshot/snapshots/$commit
cp "$model/tokenizer.json" $snapshot/snapshots/$commit
mkdir -p hf/hub/models--own--broken hf/hub/datasets--own--data
expect 0 "$W2S" models
for word in gpt_neo gemma3_text qwen3 olmo2 mistral "Gemma 3 text"; do says out "$word"; done
says out "hub:own/gemma-tiny"
grep -q "^hub:own/gemma-tiny .*gemma3_text .* 3 .* 32 .*ready" out || fail "the cached model has no numbers"
grep -q "^hub:own/broken .*not fetched" out || fail "what is not whole is not said to be so"
grep -q "^smollm2-135m " out || fail "an asset is missing"
lacks out own/data
expect 0 "$W2S" models --json
python3 - <<'END' || fail "--json is not the same in JSON"
import json
d = json.load(open("out"))
assert any(f["family"] == "gpt_neo" and f["gguf"] is None for f in d["families"])
m = next(m for m in d["models"] if m["name"] == "hub:own/gemma-tiny")
assert m["layers"] == 3 and m["training_bytes"] > m["predicting_bytes"] > 4 * m["parameters"]
END
expect 0 "$W2S" models --tokens 64 "$oracle/qwen3" hub:own/gemma-tiny
lacks out "known as"
[ "$(wc -l <out)" = 3 ] || fail "two models are not two lines below a head"
awk '{ at = index($0, NR == 1 ? "family" : NR == 2 ? " qwen3 " : " gemma3") + (NR > 1); if (NR == 1) head = at; else if (at != head) exit 1 }' out ||
    { fail "columns stand beside their heads"; cat out; }
small=$(awk 'NR == 2 {print $7}' out)
expect 0 "$W2S" models --tokens 6400 "$oracle/qwen3"
[ "$small" != "$(awk 'NR == 2 {print $7}' out)" ] || fail "--tokens counts for nothing"

# A model of no family here: its architecture, and the families that are known.
cp -r "$oracle/qwen3" other
sed -i 's/"qwen3"/"mamba2"/; s/Qwen3ForCausalLM/Mamba2ForCausalLM/' other/config.json
expect 2 "$W2S" models ./other
one_sentence
says err 'model_type "mamba2" (Mamba2ForCausalLM) is not known here; known are gpt2, gpt_neox, llama'
expect 2 "$W2S" models nosuch
one_sentence
expect 2 "$W2S" models --tokens 0
one_sentence
finish
