#!/usr/bin/env bash
# save.sh - what `save: true` leaves is a whole model: w2s takes it where it takes a model, transformers gives the same probabilities (with
# W2S_PYTHON, a Python that has torch and transformers).
. "$(dirname "$0")/lib.sh"

saved() { # of the last run's role: the model's folder
    python3 - "$1" <<'END'
import json, sys
print(f"a/jobs/{json.load(open('results'))['pairs'][0][sys.argv[1]]['jobs'][0]}/model")
END
}
cut -d'"' -f4 toy.jsonl | head -n 20 >t.txt

# A model of which the head alone has learnt scores texts as the one it came from, to the last bit.
expect 0 "$W2S" run micro.yaml save=true student.trainable=head methods=naive --runs a --json
cp out results
head=$(saved student_scores)
expect 0 "$W2S" score "$model" t.txt --json
cp out want
expect 0 "$W2S" score "$head" t.txt --json
cmp -s out want || fail "the saved model scores otherwise than the one it came from"
expect 0 "$W2S" tokenize "$model" t.txt
cp out want
expect 0 "$W2S" tokenize "$head" t.txt
cmp -s out want || fail "the saved model's tokenizer gives other ids"

# One whose blocks have learnt is another model; a study takes it as its own model.
expect 0 "$W2S" run micro.yaml save=true methods=naive --runs a --json
cp out results
tuned=$(saved student_scores)
expect 0 "$W2S" score "$tuned" t.txt --json
cmp -s out want && fail "a fine-tuned model scores as before"
expect 0 "$W2S" generate "$tuned" "the film is" --tokens 3
expect 0 "$W2S" run micro.yaml model="$tuned" methods=naive name=again --runs a
says err "3 jobs: 3 computed"
# One layer is one layer, where a job is called so.
expect 0 "$W2S" run micro.yaml model="$(saved weak)" student.layers=1 student.trainable=all methods=naive name=one --runs one
expect 0 "$W2S" ls --runs one
says out "student 1 layer, naive, from 1 layer"
says "$tuned/config.json" '"id2label": {"0": "negative", "1": "positive"}'
[ "$(cd "$tuned" && echo *)" = "config.json model.safetensors tokenizer.json" ] || fail "the folder holds $(cd "$tuned" && echo *)"

if [ -z "${W2S_PYTHON:-}" ]; then
    echo "SKIP: transformers is not asked: W2S_PYTHON is not set"
    finish
fi
expect 0 "$W2S" run micro.yaml save=true methods=naive precision=f32 --runs a --json
cp out results
checks=$((checks + 1))
"$W2S_PYTHON" - <<'END' || fail "transformers gives other probabilities"
import json
import torch
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast

r = json.load(open("results"))
worst = 0
for k, job in enumerate(r["examples"]["jobs"]):
    folder = f"a/jobs/{job}/model"
    model, info = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
    assert model.config.num_labels == 2 and model.config.id2label == {0: "negative", 1: "positive"} and model.config.pad_token_id == 0
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=f"{folder}/tokenizer.json", pad_token="<|endoftext|>")
    items = r["examples"]["items"]
    for at in range(0, len(items), 50):  # padded, in batches
        part = items[at:at + 50]
        with torch.no_grad():
            batch = tokenizer([x["text"] for x in part], return_tensors="pt", padding=True, return_token_type_ids=False)
            got = torch.softmax(model.eval()(**batch).logits.double(), -1)
        want = torch.tensor([x["probs"][k] for x in part], dtype=torch.float64)
        worst = max(worst, (got - want).abs().max().item())
print("largest difference", worst)
assert worst < 1e-4
END
finish
