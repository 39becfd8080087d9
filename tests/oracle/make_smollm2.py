#!/usr/bin/env python3
"""make_smollm2.py - the default model by other hands: gguf's own dequantisation, transformers in f64.

    pip install torch transformers tokenizers gguf
    python tests/oracle/make_smollm2.py SmolLM2-135M-Instruct.Q4_1.gguf tests/oracle/smollm2.json

Twenty sentences and a longer text: token ids, log probability of every token after the first, the eight largest logits of the last."""
import json
import sys

import gguf
import torch
import tokenizers
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

FILE, OUT = sys.argv[1:3]
TEXTS = [
    "The film is a quiet triumph, and I have not stopped thinking about it.",
    "A dull, overlong mess.",
    "It costs 1234567 dollars and 89 cents.",
    "def add(a, b):\n    return a + b\n",
    "Na\u00efve caf\u00e9 \u2014 \u201cquoted\u201d \u2026",
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059\u3002",
    "    four spaces, then\ttabs\t\tand   more",
    "I'll, you've, he'd, they're, it's, don't",
    "!!!???...;;;",
    "Once upon a time",
    "E = mc^2 holds for 3.14159 and 2.71828.",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!",
    "The quick brown fox jumps over the lazy dog.",
    "SHOUTING IN CAPITALS IS RUDE",
    "https://example.org/a/b?c=d&e=f#g",
    "One.\n\nTwo.\n\n\nThree.",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 family",
    "a b c d e f g h i j k l m n o p",
    "Weak supervision of a strong student can recover much of the gap.",
    "x",
    "A laboratory keeps two notebooks. In the first one it writes what it hopes to see; in the second, what it saw. "
    "When the two agree, nothing has been learned yet, for a hope is a poor judge of its own case. When they do not agree, "
    "someone has to decide which of the two is wrong, and the decision is seldom made on the day it should have been. "
    "The best laboratories let strangers read the second notebook before the first.",
]

reader = gguf.GGUFReader(FILE)
field = lambda k: reader.fields[k].contents()
H, HKV = field("llama.attention.head_count"), field("llama.attention.head_count_kv")
config = transformers.LlamaConfig(
    hidden_size=field("llama.embedding_length"), intermediate_size=field("llama.feed_forward_length"),
    num_hidden_layers=field("llama.block_count"), num_attention_heads=H, num_key_value_heads=HKV,
    vocab_size=len(field("tokenizer.ggml.tokens")), rms_norm_eps=field("llama.attention.layer_norm_rms_epsilon"),
    rope_theta=field("llama.rope.freq_base"), max_position_embeddings=field("llama.context_length"), tie_word_embeddings=True)
names = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
         "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
         "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
state = {}
for t in reader.tensors:
    x = torch.from_numpy(gguf.dequantize(t.data, t.tensor_type).copy()).double()
    parts = t.name.split(".")
    if parts[0] == "blk":
        name = f"model.layers.{parts[1]}.{names[parts[2]]}.weight"
        if parts[2] in ("attn_q", "attn_k"):
            heads = H if parts[2] == "attn_q" else HKV
            x = x.reshape(heads, x.shape[0] // heads // 2, 2, x.shape[1]).swapaxes(1, 2).reshape(x.shape)
    else:
        name = names[parts[0]] + ".weight"
    state[name] = x
state["lm_head.weight"] = state["model.embed_tokens.weight"]
m = transformers.LlamaForCausalLM(config).double()
m.load_state_dict(state)
m.eval()

tokens, types = field("tokenizer.ggml.tokens"), field("tokenizer.ggml.token_type")
tok = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=[tuple(x.split(" ")) for x in field("tokenizer.ggml.merges")]))
tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                             pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
tok.decoder = decoders.ByteLevel()
tok.add_special_tokens([t for t, k in zip(tokens, types) if k == 3])

items = []
for text in TEXTS:
    ids = tok.encode(text).ids
    with torch.no_grad():
        logits = m(input_ids=torch.tensor([ids])).logits[0]
    logp = torch.log_softmax(logits, -1)
    top = logits[-1].topk(8)
    items.append({"text": text, "ids": ids, "logprobs": [logp[i, ids[i + 1]].item() for i in range(len(ids) - 1)],
                  "top": [[int(i), v.item()] for i, v in zip(top.indices, top.values)]})
json.dump({"torch": torch.__version__, "transformers": transformers.__version__, "tokenizers": tokenizers.__version__,
           "gguf": "0.19.0", "items": items}, open(OUT, "w"), ensure_ascii=True, indent=0)
print(sum(len(i["ids"]) for i in items), "tokens")
