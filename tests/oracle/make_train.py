"""make_train.py - fixtures of tests/oracle/train_steps.c: ten AdamW steps of tiny random models, in f64.

    pip install torch transformers safetensors     (versions used: in train/expected.json)
    python tests/oracle/make_train.py              writes tests/oracle/train/
    python tests/oracle/make_train.py lm           its lm.json alone

Every sequence is run alone, without padding; the head is the unembedding's rows of two (or three)
tokens over the last token's final hidden state. A reward's head is one row; two texts are a pair with the
logistic loss on the difference of their rewards, three a choice among them. A language model learns
the tokens of texts from answer_at on, a batch's loss being the mean over all of them.
"""
import json
import math
import pathlib
import sys

import torch
import transformers
from transformers import (GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig,
                          LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM)

OUT = pathlib.Path(__file__).parent / "train"
VOCAB, STEPS, N = 40, 10, 11
LR, WARMUP, DECAY, CLIP, EPS, BETAS = 3e-3, 3, 0.1, 0.5, 1e-6, (0.9, 0.98)
ALPHA_MAX, RAMP = 0.6, 0.5

common = dict(vocab_size=VOCAB, initializer_range=0.15, bos_token_id=0, eos_token_id=0)
llama = dict(common, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
             num_key_value_heads=1, max_position_embeddings=32, rms_norm_eps=1e-5)
MODELS = {
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(
        **common, n_embd=16, n_layer=2, n_head=2, n_positions=32, attn_pdrop=0, embd_pdrop=0, resid_pdrop=0)),
    "gpt_neox": lambda: GPTNeoXForCausalLM(GPTNeoXConfig(
        **common, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        rotary_pct=0.5, max_position_embeddings=32, tie_word_embeddings=False)),
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**llama, tie_word_embeddings=True)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**llama, tie_word_embeddings=False)),
}


def rate(step):
    return LR * min(1, (step + 1) / WARMUP) * 0.5 * (1 + math.cos(math.pi * step / STEPS))


def alpha_of(step):
    return ALPHA_MAX * min(1, step / (RAMP * STEPS))


def loss_of(logits, targets, kind, alpha):
    logp = logits.log_softmax(1)
    loss = -(targets * logp).sum(1).mean()
    if kind == "confidence":
        if logits.shape[1] == 2:
            f1 = logp[:, 1].exp().detach()
            hard = (f1 > f1.median()).long()
        else:
            hard = logits.detach().argmax(1)
        loss = (1 - alpha) * loss + alpha * torch.nn.functional.cross_entropy(logits, hard)
    return loss


def pair_loss(rewards, targets):
    ahead = torch.nn.functional.logsigmoid(rewards[:, 0] - rewards[:, 1])
    behind = torch.nn.functional.logsigmoid(rewards[:, 1] - rewards[:, 0])
    return -(targets[:, 0] * ahead + targets[:, 1] * behind).mean()


def optimizer_of(params):
    groups = [{"params": [p for p in params if p.ndim >= 2], "weight_decay": DECAY},
              {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=LR, betas=BETAS, eps=EPS)


def lm_loss(logits, wanted, alpha):
    """cross-entropy on the text, alpha of it given to what the model itself finds most probable"""
    own = logits.detach().argmax(1)
    return ((1 - alpha) * torch.nn.functional.cross_entropy(logits, wanted)
            + alpha * torch.nn.functional.cross_entropy(logits, own))


def train_lm(name, tokens, answer_at, kind="xent"):
    model = MODELS[name]().from_pretrained(OUT / name, dtype=torch.float64)
    model.train()
    params = list(model.parameters())
    opt = optimizer_of(params)
    out = {"model": name, "tokens": tokens, "answer_at": answer_at, "loss": [], "grad_norm": [], "lr": []}
    if kind != "xent":
        out |= {"kind": kind, "alpha": []}

    def forward():
        rows = [model(torch.tensor([t])).logits[0, at - 1:-1] for t, at in zip(tokens, answer_at)]
        return torch.cat(rows), torch.tensor([i for t, at in zip(tokens, answer_at) for i in t[at:]])

    for step in range(STEPS):
        for g in opt.param_groups:
            g["lr"] = rate(step)
        opt.zero_grad()
        alpha = alpha_of(step) if kind == "confidence" else 0
        loss = lm_loss(*forward(), alpha)
        loss.backward()
        out["grad_norm"].append(float(torch.nn.utils.clip_grad_norm_(params, CLIP)))
        out["loss"].append(float(loss))
        out["lr"].append(rate(step))
        if kind != "xent":
            out["alpha"].append(alpha)
        opt.step()
    logits, wanted = forward()
    out["nats"] = float(torch.nn.functional.cross_entropy(logits, wanted))
    out["right"] = int((logits.argmax(1) == wanted).sum())
    return out


def main_lm():
    torch.manual_seed(2)
    cases = []
    for name in MODELS:
        tokens = [torch.randint(0, VOCAB, (n,)).tolist() for n in torch.randint(2, 14, (N,)).tolist()]
        answers = [max(1, len(t) - 1 - i % 3) for i, t in enumerate(tokens)]
        cases += [train_lm(name, tokens, answers), train_lm(name, tokens, [1] * N)]
        print(name, [(c["loss"][0], c["loss"][-1], c["right"]) for c in cases[-2:]])
    for c in [c for c in cases if c["answer_at"] != [1] * N]:  # the same texts
        cases.append(train_lm(c["model"], c["tokens"], c["answer_at"], "confidence"))
    expected = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "cases": cases}
    (OUT / "lm.json").write_text(json.dumps(expected, indent=None, separators=(",", ":")) + "\n")


def train(name, kind, tokens, targets, head_rows, per=1):
    model = MODELS[name]().from_pretrained(OUT / name, dtype=torch.float64)
    model.train()
    head = torch.nn.Parameter(model.get_output_embeddings().weight.detach()[head_rows].clone())
    params = list(model.base_model.parameters()) + [head]
    opt = optimizer_of(params)
    out = {"kind": kind, "loss": [], "grad_norm": [], "lr": [], "alpha": []}

    def forward():
        rows = [model.base_model(torch.tensor([t])).last_hidden_state[0, -1] for t in tokens]
        logits = torch.stack(rows) @ head.T
        return logits.reshape(-1, per) if per > 1 else logits

    for step in range(STEPS):
        alpha = alpha_of(step) if kind == "confidence" else 0.0
        for g in opt.param_groups:
            g["lr"] = rate(step)
        opt.zero_grad()
        logits = forward()
        loss = pair_loss(logits, targets) if per == 2 and kind == "xent" else loss_of(logits, targets, kind, alpha)
        loss.backward()
        out["grad_norm"].append(float(torch.nn.utils.clip_grad_norm_(params, CLIP)))
        out["loss"].append(float(loss))
        out["lr"].append(rate(step))
        out["alpha"].append(alpha)
        opt.step()
    out["probs"] = forward().softmax(1).flatten().tolist()
    return out


def main():
    torch.manual_seed(1)
    expected = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__},
                "settings": {"lr": LR, "warmup": WARMUP, "weight_decay": DECAY, "clip": CLIP, "eps": EPS,
                             "beta1": BETAS[0], "beta2": BETAS[1], "alpha_max": ALPHA_MAX, "ramp": RAMP,
                             "steps": STEPS},
                "cases": []}
    for name, make in MODELS.items():
        model = make()
        for k, p in model.named_parameters():  # biases and norms that are not 0 and 1
            if p.ndim == 1:
                p.data += 0.1 * torch.randn_like(p)
        model.save_pretrained(OUT / name)
        (OUT / name / "generation_config.json").unlink(missing_ok=True)
        lengths = torch.randint(1, 13, (N,)).tolist()
        tokens = [torch.randint(0, VOCAB, (n,)).tolist() for n in lengths]
        for kind, K in (("xent", 2), ("confidence", 2), ("confidence", 3)):
            targets = torch.rand(N, K, dtype=torch.float64)
            targets /= targets.sum(1, keepdim=True)
            case = train(name, kind, tokens, targets, [3, 7, 11][:K])
            case.update(model=name, K=K, head_rows=[3, 7, 11][:K], tokens=tokens,
                        targets=targets.flatten().tolist())
            expected["cases"].append(case)
            print(name, kind, K, "loss", case["loss"][0], "->", case["loss"][-1], "norms", case["grad_norm"][:3])
    for name in ("gpt2", "llama"):
        for kind, per in (("xent", 2), ("confidence", 2), ("xent", 3)):
            tokens = [torch.randint(0, VOCAB, (n,)).tolist() for n in torch.randint(1, 13, (N // per * per,)).tolist()]
            targets = torch.rand(len(tokens) // per, per, dtype=torch.float64)
            targets /= targets.sum(1, keepdim=True)
            case = train(name, kind, tokens, targets, [3], per)
            case.update(model=name, K=per, per=per, head_rows=[3], tokens=tokens, targets=targets.flatten().tolist())
            expected["cases"].append(case)
            print(name, kind, "reward of", per, "loss", case["loss"][0], "->", case["loss"][-1])
    (OUT / "expected.json").write_text(json.dumps(expected, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["lm"]:
        main()
    main_lm()
