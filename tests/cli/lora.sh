#!/usr/bin/env bash
# lora.sh - a study whose student learns adapters: saved, merged and by themselves, both read again.
. "$(dirname "$0")/lib.sh"
expect 0 "$W2S" run micro.yaml student.trainable='lora 4 alpha 8' student.lr=3e-2 save=true name=adapted

folders=$(find runs -name adapter -type d)
[ "$(echo "$folders" | grep -c adapter)" -ge 1 ] || fail "no adapter was saved"
for a in $folders; do
    checks=$((checks + 1))
    [ -f "$a/adapter_config.json" ] && [ -f "$a/adapter_model.safetensors" ] || fail "$a is not whole"
done
adapter=$(echo "$folders" | head -n 1)
merged=$(dirname "$adapter")
says "$adapter/adapter_config.json" '"r": 4'
says "$adapter/adapter_config.json" '"peft_type": "LORA"'
expect 0 "$W2S" generate "$merged" "the film was" --tokens 4
cp out whole
expect 0 "$W2S" generate "$adapter" "the film was" --tokens 4
cmp -s out whole || fail "the merged model and the adapter beside its base do not answer alike"
# the supervisor learned all of a model that was cut: no adapters there
grep -q '"trainable": "lora 4 alpha 8"' runs/jobs/*/job.json || fail "no job says what learned"

# The same settings again are no work; another rank is.
expect 0 "$W2S" run micro.yaml student.trainable='lora 4 alpha 8' student.lr=3e-2 save=true name=adapted --dry-run
says out ", 0 to do"
expect 2 "$W2S" run micro.yaml student.trainable='lora 0' --dry-run
one_sentence
says err 'lora R (rank R; lora 8 alpha 16 on q,k,v,out,gate,up,down)'
expect 0 "$W2S" models "$adapter" "$model"
[ "$(awk 'NR > 1 {$1 = ""; print}' out | sort -u | wc -l)" = 1 ] || fail "a model with adapters is not listed as its base"
cp -r "$adapter" broken
rm broken/adapter_model.safetensors
for command in "generate ./broken text" "models ./broken"; do
    expect 2 "$W2S" $command
    one_sentence
    says err "./broken/adapter_model.safetensors: no such file"
done
cp -r "$adapter" lost
sed -i 's|"base_model_name_or_path": "[^"]*"|"base_model_name_or_path": "/nope"|' lost/adapter_config.json
expect 2 "$W2S" generate ./lost "the film was"
one_sentence
says err './lost/adapter_config.json:'
says err '"base_model_name_or_path" is "/nope", wanted a folder that is there or a model of the hub'

# PEFT's classifier, adapters and head, is the merged one (with W2S_PYTHON, a Python that has peft).
if [ -n "${W2S_PYTHON:-}" ] && "$W2S_PYTHON" -c "import peft" 2>no; then
    expect 0 "$W2S_PYTHON" - "$model" "$merged" "$adapter" <<'END'
import sys
import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification as Classifier
base = Classifier.from_pretrained(sys.argv[1], num_labels=2, dtype=torch.float64)
whole = Classifier.from_pretrained(sys.argv[2], dtype=torch.float64).eval()
adapted = PeftModel.from_pretrained(base, sys.argv[3]).eval()
base.config.pad_token_id = whole.config.pad_token_id
ids = torch.tensor([[3, 9, 4, 17, 5]])
with torch.no_grad():
    a, b = whole(input_ids=ids).logits, adapted(input_ids=ids).logits
assert (a - b).abs().max() < 1e-5 * a.abs().max(), (a, b)
END
fi
finish
