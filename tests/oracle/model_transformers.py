#!/usr/bin/env python3
"""model_transformers.py - folders that this program wrote, loaded by transformers: logits on stdout.

    model_transformers.py TOKEN,TOKEN,... lm|classifier|adapter DIR [...]

An adapter is one of PEFT's folders, whose base is the folder that it names.

Prints for each folder one row of the last token's logits for each prefix of the tokens. The test
oracle/model_transformers.c runs it with the Python that W2S_PYTHON names."""
import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
from transformers.utils import logging

logging.set_verbosity_error()
tokens = torch.tensor([[int(t) for t in sys.argv[1].split(",")]])
for kind, folder in zip(sys.argv[2::2], sys.argv[3::2]):
    load = AutoModelForSequenceClassification if kind == "classifier" else AutoModelForCausalLM
    base = folder
    if kind == "adapter":
        from peft import PeftModel
        with open(folder + "/adapter_config.json") as f:
            base = json.load(f)["base_model_name_or_path"]
    m = load.from_pretrained(base, dtype=torch.float64, attn_implementation="eager")
    m = (PeftModel.from_pretrained(m, folder) if kind == "adapter" else m).eval()
    with torch.no_grad():
        for n in range(1, tokens.shape[1] + 1):
            out = m(input_ids=tokens[:, :n]).logits[0]
            print(*[f"{x:.9g}" for x in (out if kind == "classifier" else out[-1]).tolist()])
