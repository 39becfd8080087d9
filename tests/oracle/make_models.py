#!/usr/bin/env python3
"""make_models.py - tiny random models of every family and what PyTorch makes of them in f64.

    python3 -m venv v && v/bin/pip install torch transformers safetensors numpy
    v/bin/python tests/oracle/make_models.py tests/oracle/models [NAME ...]

With names only these are written; their numbers are those of a run for all.

<name>/                a Hugging Face folder in F32: the weights are these, exactly
<name>/gradients/      one whose tensors are the gradients of the classifier's loss
<name>/oracle.json     tokens, logits of both heads, losses of ten AdamW steps, the versions used
<name>/lm.f32          gradients of the language model's loss: embedding, then the unembedding if it
                       is another; floats, little-endian
The models read model_families.c, model_steps.c and model_lm.c. Every sequence is run alone."""
import json
import os
import shutil
import sys

import torch
import transformers
from safetensors.torch import save_file
from transformers import (AutoModelForCausalLM, Gemma3TextConfig, GPT2Config, GPTNeoConfig, GPTNeoXConfig,
                          LlamaConfig, MistralConfig, Olmo2Config, Qwen2Config, Qwen3Config)

OUT, ONLY = sys.argv[1], sys.argv[2:]
V, C, M, P = 97, 32, 48, 32
LENGTHS = [1, 3, 7, 17]
ROWS = [5, 9, 60]  # unembedding rows that the classifier starts from
TARGETS = [[0.3, 0.6, 0.1], [0.9, 0.05, 0.05], [0.25, 0.25, 0.5], [0.0, 0.05, 0.95]]
STEPS, LR, DECAY = 10, 1e-3, 0.01

common = dict(vocab_size=V, hidden_size=C, intermediate_size=M, max_position_embeddings=P, bos_token_id=0,
              eos_token_id=1)
MODELS = {
    "gpt2": GPT2Config(vocab_size=V, n_embd=36, n_layer=2, n_head=3, n_inner=M, n_positions=P, bos_token_id=0,
                       eos_token_id=1, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0),
    "neox-parallel": GPTNeoXConfig(**common, num_hidden_layers=2, num_attention_heads=2, rotary_pct=0.25,
                                   use_parallel_residual=True),
    "neox-sequential": GPTNeoXConfig(**common, num_hidden_layers=2, num_attention_heads=4, rotary_pct=0.5,
                                     use_parallel_residual=False),
    "llama-gqa": LlamaConfig(**common, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                             head_dim=6, rms_norm_eps=1e-5),
    "llama-tied": LlamaConfig(**common, num_hidden_layers=2, num_attention_heads=4, tie_word_embeddings=True,
                              attention_bias=True, mlp_bias=True),
    "qwen2": Qwen2Config(**common, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=1,
                         tie_word_embeddings=True),
    "llama-scaled": LlamaConfig(**common, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
                                rope_parameters=dict(rope_type="llama3", rope_theta=1e4, factor=8.0,
                                                     low_freq_factor=1.0, high_freq_factor=4.0,
                                                     original_max_position_embeddings=16)),
    "mistral": MistralConfig(**common, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                             head_dim=6, sliding_window=5),
    "qwen2-window": Qwen2Config(**common, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                                use_sliding_window=True, sliding_window=4, max_window_layers=1),
    "qwen3": Qwen3Config(**common, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=6),
    # no padding token: PyTorch would keep its embedding from learning
    "olmo2": Olmo2Config(**common, pad_token_id=None, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2),
    "gpt-neo": GPTNeoConfig(vocab_size=V, hidden_size=C, num_layers=3, num_heads=4, intermediate_size=M,
                            max_position_embeddings=P, window_size=4, bos_token_id=0, eos_token_id=1,
                            attention_types=[[["global", "local"], 1], [["global"], 1]]),
    "gemma3": Gemma3TextConfig(**common, pad_token_id=None, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                               head_dim=6, sliding_window=5, query_pre_attn_scalar=10,
                               layer_types=["sliding_attention", "full_attention", "sliding_attention"],
                               rope_parameters=dict(
                                   full_attention=dict(rope_type="linear", factor=4.0, rope_theta=1e5),
                                   sliding_attention=dict(rope_type="default", rope_theta=1e4))),
}
LESS_ONE = ("gemma3",)  # the file keeps gains less one, on which decay would not be decay of the gain: none

torch.manual_seed(3)
TOKENS = [torch.randint(0, V, (n,)) for n in LENGTHS]
TOKENS[2][3] = 0  # id 0 is a token like any other


def digits(x):
    return [digits(y) for y in x] if isinstance(x, list) else float(f"{x:.9g}")


def base_of(m):
    return getattr(m, m.base_model_prefix)


def classifier(m, head):
    rows = [base_of(m)(input_ids=t[None]).last_hidden_state[0, -1] for t in TOKENS]
    return torch.stack(rows) @ head.T


def loss_of(logits):
    t = torch.tensor(TARGETS, dtype=logits.dtype)
    return -(t * torch.log_softmax(logits, 1)).sum(1).mean()


def fresh(folder):
    m = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager").eval()
    return m, torch.nn.Parameter(m.get_output_embeddings().weight[ROWS].detach().clone())


def top_of(m):
    """the last block and the final norm"""
    base = base_of(m)
    blocks = base.h if hasattr(base, "h") else base.layers
    norm = next(getattr(base, n) for n in ("ln_f", "final_layer_norm", "norm") if hasattr(base, n))
    return list(blocks[-1].parameters()) + list(norm.parameters())


def steps(folder, what):
    m, head = fresh(folder)
    learning = {"all": lambda: list(base_of(m).parameters()), "top": lambda: top_of(m), "head": list}[what]()
    decayed = [p for p in learning + [head] if p.dim() > 1 or not folder.endswith(LESS_ONE)]
    others = [p for p in learning if not any(p is q for q in decayed)]
    opt = torch.optim.AdamW([dict(params=decayed), dict(params=others, weight_decay=0.0)], lr=LR,
                            weight_decay=DECAY)
    losses = []
    for _ in range(STEPS):
        loss = loss_of(classifier(m, head))
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return losses


def lm_gradients(folder, file):
    """mean over all tokens but the first ones of -log p"""
    m, _ = fresh(folder)
    loss, n = 0, sum(LENGTHS) - len(LENGTHS)
    for t in TOKENS:
        logp = torch.log_softmax(m(input_ids=t[None]).logits[0], 1)
        loss = loss - logp[torch.arange(len(t) - 1), t[1:]].sum() / n
    loss.backward()
    weights = [m.get_input_embeddings().weight, m.get_output_embeddings().weight]
    with open(file, "wb") as f:
        for w in weights[:1] if weights[0] is weights[1] else weights:
            f.write(w.grad.numpy().astype("<f4").tobytes())
    return loss.item()


for name, config in MODELS.items():
    folder = f"{OUT}/{name}"
    m = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for n, p in m.named_parameters():
            big = p.dim() > 1
            p.copy_(torch.randn_like(p) * (0.15 if big else 0.2) + (0 if big or n.endswith("bias") or name in LESS_ONE else 1))
    if ONLY and name not in ONLY:
        continue
    shutil.rmtree(folder, ignore_errors=True)
    m.save_pretrained(folder)
    for extra in os.listdir(folder):
        if extra not in ("config.json", "model.safetensors"):
            os.remove(f"{folder}/{extra}")

    m, head = fresh(folder)
    out = {"torch": torch.__version__, "transformers": transformers.__version__,
           "tokens": [t.tolist() for t in TOKENS], "rows": ROWS, "targets": TARGETS,
           "lr": LR, "weight_decay": DECAY}
    with torch.no_grad():
        out["lm_logits"] = digits([m(input_ids=t[None]).logits[0].tolist() for t in TOKENS])
    logits = classifier(m, head)
    out["logits"] = digits(logits.tolist())
    loss = loss_of(logits)
    loss.backward()
    out["loss"] = loss.item()
    out["head_gradient"] = digits(head.grad.tolist())
    os.mkdir(f"{folder}/gradients")
    shutil.copy(f"{folder}/config.json", f"{folder}/gradients/config.json")
    # an untied unembedding has no part in the classifier's loss: its gradient is 0
    grads = {n: (torch.zeros_like(p) if p.grad is None else p.grad).float().contiguous()
             for n, p in m.named_parameters()}
    save_file(grads, f"{folder}/gradients/model.safetensors", metadata={"format": "pt"})
    for what in ("all", "top", "head"):
        out[f"steps_{what}"] = steps(folder, what)
    out["lm_loss"] = lm_gradients(folder, f"{folder}/lm.f32")
    with open(f"{folder}/oracle.json", "w", encoding="utf-8") as f:
        json.dump(out, f, separators=(",", ":"))
    print(name, out["loss"], out["steps_all"][-1], out["steps_top"][-1], out["steps_head"][-1], out["lm_loss"])
