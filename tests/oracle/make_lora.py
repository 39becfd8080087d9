#!/usr/bin/env python3
"""make_lora.py - adapters by PEFT on models of make_models.py, and what PyTorch makes of them in f64.

    python3 -m venv v && v/bin/pip install torch transformers safetensors peft
    v/bin/python tests/oracle/make_lora.py tests/oracle/models

<name>/lora/        PEFT's folder in F32: adapters with values, B too; oracle.json: the classifier's
                    logits and loss, ten losses of AdamW on adapters and head, the versions used;
                    gradients.safetensors: of the loss, by PEFT's names
Tokens, head and targets are those of <name>/oracle.json. The test model_lora.c reads them."""
import json
import os
import shutil
import sys

import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

OUT = sys.argv[1]
R, ALPHA = 3, 5
CASES = {
    "gpt2": ["c_attn", "attn.c_proj", "c_fc", "mlp.c_proj"],
    "neox-parallel": ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"],
    "llama-gqa": ["q_proj", "v_proj", "down_proj"],
    "gemma3": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
}


def digits(x):
    return [digits(y) for y in x] if isinstance(x, list) else float(f"{x:.9g}")


def base_of(m):
    inner = m.get_base_model()
    return getattr(inner, inner.base_model_prefix)


for name, targets in CASES.items():
    known = json.load(open(f"{OUT}/{name}/oracle.json"))
    tokens = [torch.tensor(t) for t in known["tokens"]]
    wanted = torch.tensor(known["targets"], dtype=torch.float64)
    folder = f"{OUT}/{name}/lora"
    shutil.rmtree(folder, ignore_errors=True)

    def fresh():
        m = AutoModelForCausalLM.from_pretrained(f"{OUT}/{name}", dtype=torch.float64, attn_implementation="eager")
        head = torch.nn.Parameter(m.get_output_embeddings().weight[known["rows"]].detach().clone())
        torch.manual_seed(7)
        m = get_peft_model(m, LoraConfig(r=R, lora_alpha=ALPHA, target_modules=targets, bias="none",
                                         fan_in_fan_out=name == "gpt2", task_type="CAUSAL_LM")).eval()
        with torch.no_grad():
            for n, p in m.named_parameters():
                if "lora_" in n:
                    p.copy_((torch.randn(p.shape) * 0.2).float())
        return m, head

    def loss_of(m, head):
        rows = [base_of(m)(input_ids=t[None]).last_hidden_state[0, -1] for t in tokens]
        logits = torch.stack(rows) @ head.T
        return logits, -(wanted * torch.log_softmax(logits, 1)).sum(1).mean()

    m, head = fresh()
    logits, loss = loss_of(m, head)
    loss.backward()
    m.float().save_pretrained(folder, safe_serialization=True)
    grads = {n.replace(".default", ""): p.grad.float().contiguous() for n, p in m.named_parameters() if p.grad is not None}
    save_file(grads, f"{folder}/gradients.safetensors", metadata={"format": "pt"})
    if os.path.exists(f"{folder}/README.md"):
        os.remove(f"{folder}/README.md")
    # the path of the day is nobody's business
    config = json.load(open(f"{folder}/adapter_config.json"))
    config["base_model_name_or_path"] = ".."
    config["target_modules"] = sorted(config["target_modules"])
    json.dump(config, open(f"{folder}/adapter_config.json", "w"), indent=1, sort_keys=True)

    out = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__,
           "logits": digits(logits.tolist()), "loss": loss.item(), "head_gradient": digits(head.grad.tolist())}
    m, head = fresh()
    opt = torch.optim.AdamW([p for p in m.parameters() if p.requires_grad] + [head], lr=known["lr"],
                            weight_decay=known["weight_decay"])
    out["steps"] = []
    for _ in range(10):
        _, loss = loss_of(m, head)
        opt.zero_grad()
        loss.backward()
        opt.step()
        out["steps"].append(loss.item())
    with open(f"{folder}/oracle.json", "w", encoding="utf-8") as f:
        json.dump(out, f, separators=(",", ":"))
    print(name, out["loss"], out["steps"][-1])
