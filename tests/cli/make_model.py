#!/usr/bin/env python3
"""make_model.py - the micro model of tests/cli: a Llama of 4 layers, 32 wide, random weights, byte-level tokenizer.

Standard library only, so that anyone can make it again: python3 tests/cli/make_model.py tests/cli/model"""
import json
import random
import struct
import sys

OUT = sys.argv[1]
LAYERS, C, H, HKV, M = 4, 32, 4, 2, 48
WORDS = ["good", "bad", "film", "the", "a", "is", "was", "plot", "very", "not", "fine", "dull"]


def byte_alphabet():
    """GPT-2's map from bytes to printable characters."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, extra = {}, 0
    for b in range(256):
        if b in keep:
            table[b] = chr(b)
        else:
            table[b] = chr(256 + extra)
            extra += 1
    return table


alphabet = byte_alphabet()
vocab = ["<|endoftext|>"] + [alphabet[b] for b in range(256)]
merges = []
for word in WORDS:
    pieces = [alphabet[b] for b in (" " + word).encode()]
    while len(pieces) > 1:  # from the left, so that every merge is of known tokens
        if pieces[0] + pieces[1] not in vocab:
            merges.append(f"{pieces[0]} {pieces[1]}")
            vocab.append(pieces[0] + pieces[1])
        pieces[:2] = [pieces[0] + pieces[1]]
V = len(vocab)

tokenizer = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [{"id": 0, "content": "<|endoftext|>", "single_word": False, "lstrip": False, "rstrip": False,
                      "normalized": False, "special": True}],
    "normalizer": None,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    "post_processor": None,
    "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
              "fuse_unk": False, "byte_fallback": False, "vocab": {t: i for i, t in enumerate(vocab)}, "merges": merges},
}
config = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": C, "intermediate_size": M,
    "num_hidden_layers": LAYERS, "num_attention_heads": H, "num_key_value_heads": HKV, "vocab_size": V,
    "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
    "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False, "bos_token_id": 0, "eos_token_id": 0,
    "torch_dtype": "float32",
}

rng = random.Random(1)
tensors = {"model.embed_tokens.weight": [V, C], "model.norm.weight": [C]}
D = C // H
for i in range(LAYERS):
    p = f"model.layers.{i}."
    tensors.update({
        p + "input_layernorm.weight": [C], p + "post_attention_layernorm.weight": [C],
        p + "self_attn.q_proj.weight": [C, C], p + "self_attn.k_proj.weight": [HKV * D, C],
        p + "self_attn.v_proj.weight": [HKV * D, C], p + "self_attn.o_proj.weight": [C, C],
        p + "mlp.gate_proj.weight": [M, C], p + "mlp.up_proj.weight": [M, C], p + "mlp.down_proj.weight": [C, M],
    })
header, blob = {"__metadata__": {"format": "pt"}}, b""
for name, shape in tensors.items():
    n = shape[0] * (shape[1] if len(shape) > 1 else 1)
    values = [1 + rng.gauss(0, .05) if len(shape) == 1 else rng.gauss(0, .15) for _ in range(n)]
    # bfloat16: the upper half of the float's bits
    data = b"".join(struct.pack("<f", v)[2:] for v in values)
    header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [len(blob), len(blob) + len(data)]}
    blob += data
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(f"{OUT}/model.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + blob)
for name, value in (("config.json", config), ("tokenizer.json", tokenizer)):
    with open(f"{OUT}/{name}", "w", encoding="utf-8") as f:
        json.dump(value, f, indent=1, ensure_ascii=False)
        f.write("\n")
