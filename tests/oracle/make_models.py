#!/usr/bin/env python3
"""make_models.py - tiny random models of every family, with logits and gradients by PyTorch in f64 (make_train.py: training).

    python3 -m venv v && v/bin/pip install torch transformers safetensors
    v/bin/python tests/oracle/make_models.py tests/oracle/models

For each: <name>/ is a Hugging Face folder; <name>/gradients/ one whose tensors are the gradients of the classifier's loss;
<name>/oracle.json the rest and the versions used."""
import json
import os
import shutil
import sys

import torch
import transformers
from safetensors.torch import save_file
from transformers import GPT2Config, GPTNeoXConfig, LlamaConfig, Qwen2Config, AutoModelForCausalLM

OUT = sys.argv[1]
V, C, L, H, M, P = 61, 24, 3, 3, 40, 32
LENGTHS = [1, 3, 7, 17]
ROWS = [5, 9]  # unembedding rows that the classifier starts from
TARGETS = [[0.3, 0.7], [0.9, 0.1], [0.5, 0.5], [0.05, 0.95]]

common = dict(vocab_size=V, hidden_size=C, num_hidden_layers=L, num_attention_heads=H, intermediate_size=M,
              max_position_embeddings=P, bos_token_id=0, eos_token_id=1)
models = {
    "gpt2": GPT2Config(vocab_size=V, n_embd=C, n_layer=L, n_head=H, n_inner=M, n_positions=P, bos_token_id=0, eos_token_id=1,
                       resid_pdrop=0, embd_pdrop=0, attn_pdrop=0),
    "neox-parallel": GPTNeoXConfig(**common, rotary_pct=0.5, use_parallel_residual=True),
    "neox-sequential": GPTNeoXConfig(**common, rotary_pct=0.25, use_parallel_residual=False),
    "llama-gqa": LlamaConfig(**{**common, "num_attention_heads": 4}, num_key_value_heads=2, head_dim=6, rms_norm_eps=1e-5),
    "llama-tied": LlamaConfig(**common, tie_word_embeddings=True, attention_bias=True, mlp_bias=True),
    "qwen2": Qwen2Config(**common, num_key_value_heads=1, tie_word_embeddings=True),
}

torch.manual_seed(3)
tokens = [torch.randint(0, V, (n,)) for n in LENGTHS]
tokens[2][3] = 0  # id 0 is a token like any other


def base_of(m):
    return getattr(m, m.base_model_prefix)


def classifier(m, head):
    rows = [base_of(m)(input_ids=t[None]).last_hidden_state[0, -1] for t in tokens]
    return torch.stack(rows) @ head.T


def loss_of(logits):
    t = torch.tensor(TARGETS, dtype=logits.dtype)
    return -(t * torch.log_softmax(logits, 1)).sum(1).mean()


for name, config in models.items():
    folder = f"{OUT}/{name}"
    shutil.rmtree(folder, ignore_errors=True)
    m = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    with torch.no_grad():
        for n, p in m.named_parameters():
            big = p.dim() > 1
            p.copy_(torch.randn_like(p) * (0.3 if big else 0.2) + (0 if big or n.endswith("bias") else 1))
    m.save_pretrained(folder)
    for extra in os.listdir(folder):
        if extra not in ("config.json", "model.safetensors"):
            os.remove(f"{folder}/{extra}")
    m = m.double().eval()
    unembed = m.get_output_embeddings().weight
    out = {"torch": torch.__version__, "transformers": transformers.__version__, "tokens": [t.tolist() for t in tokens],
           "rows": ROWS, "targets": TARGETS}
    with torch.no_grad():
        out["lm_logits"] = [m(input_ids=t[None]).logits[0].tolist() for t in tokens]
    head = torch.nn.Parameter(unembed[ROWS].detach().clone())
    logits = classifier(m, head)
    out["logits"] = logits.tolist()
    loss = loss_of(logits)
    loss.backward()
    out["loss"] = loss.item()
    out["head_gradient"] = head.grad.tolist()
    os.mkdir(f"{folder}/gradients")
    shutil.copy(f"{folder}/config.json", f"{folder}/gradients/config.json")
    # an untied unembedding has no part in the classifier's loss: its gradient is 0
    grads = {n: (p.grad if p.grad is not None else torch.zeros_like(p)).float().contiguous() for n, p in m.named_parameters()}
    save_file(grads, f"{folder}/gradients/model.safetensors", metadata={"format": "pt"})

    with open(f"{folder}/oracle.json", "w") as f:
        json.dump(out, f)
    print(name, loss.item())
