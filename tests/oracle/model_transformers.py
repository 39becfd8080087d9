#!/usr/bin/env python3
"""model_transformers.py - folders that this program wrote, loaded by transformers: logits on stdout.

    model_transformers.py TOKEN,TOKEN,... lm|classifier DIR [lm|classifier DIR ...]

Prints for each folder one row of the last token's logits for each prefix of the tokens. The test
oracle/model_transformers.c runs it with the Python that W2S_PYTHON names."""
import sys

import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
from transformers.utils import logging

logging.set_verbosity_error()
tokens = torch.tensor([[int(t) for t in sys.argv[1].split(",")]])
for kind, folder in zip(sys.argv[2::2], sys.argv[3::2]):
    load = AutoModelForCausalLM if kind == "lm" else AutoModelForSequenceClassification
    m = load.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager").eval()
    with torch.no_grad():
        for n in range(1, tokens.shape[1] + 1):
            out = m(input_ids=tokens[:, :n]).logits[0]
            print(*[f"{x:.9g}" for x in (out[-1] if kind == "lm" else out).tolist()])
