#!/usr/bin/env python3
"""make_gguf.py - what ggml's own Python package makes of its number types, and a small GGUF model.

    python3 -m venv v && v/bin/pip install gguf numpy safetensors torch transformers
    v/bin/python tests/oracle/make_gguf.py tests/oracle/gguf [gemma3 qwen3 olmo2: these alone]

types/NAME.bin      blocks of a type, random but for the scales
types/NAME.f32      the numbers that gguf.quants reads in them; floats, little-endian
llama/model.gguf    a Llama with its matrices in Q8_0, as convert_hf_to_gguf writes it
llama/hf/           the same numbers as a Hugging Face folder in F32
gemma3, qwen3, olmo2: the same of other families, in F32; Gemma's with a tokenizer of SentencePiece's kind
The tests unit/model_gguf.c and oracle/model_gguf.c read them."""
import os
import shutil
import sys

import gguf
import gguf.quants
import numpy as np
import torch
from gguf import GGMLQuantizationType as T
from transformers import (AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM, Olmo2Config,
                          Qwen3Config)

OUT = sys.argv[1]
BLOCKS = 3
rng = np.random.default_rng(5)

# where a block keeps its f16 scales
SCALES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q5_K: [0, 2],
          T.Q6_K: [208]}


def blocks(kind):
    if kind in (T.F32, T.F16, T.BF16):
        x = (rng.standard_normal(96) * 10.0 ** rng.uniform(-6, 3, 96)).astype(np.float32)
        x[:4] = [0, -0.0, 1, -65504]
        if kind == T.BF16:
            return (x.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)
        return x.astype(np.float16 if kind == T.F16 else np.float32).view(np.uint8)
    size = gguf.GGML_QUANT_SIZES[kind][1]
    b = rng.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
    for at in SCALES[kind]:
        b[:, at:at + 2] = (rng.standard_normal((BLOCKS, 1)) * 0.1).astype(np.float16).view(np.uint8)
    return b.reshape(-1)


def permute(w, heads):
    """convert_hf_to_gguf's: rotary pairs side by side"""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def llama(folder):
    c = LlamaConfig(vocab_size=40, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
                    num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5, bos_token_id=0,
                    eos_token_id=1, rope_theta=20000.0)
    torch.manual_seed(5)
    m = LlamaForCausalLM(c)
    w = gguf.GGUFWriter(f"{folder}/model.gguf", "llama")
    w.add_name("tiny")
    w.add_block_count(c.num_hidden_layers)
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    w.add_rope_freq_base(20000.0)
    w.add_rope_dimension_count(c.hidden_size // c.num_attention_heads)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("smollm")
    w.add_token_list([f"t{i}" for i in range(40)])
    w.add_token_types([gguf.TokenType.CONTROL] * 2 + [gguf.TokenType.NORMAL] * 38)
    w.add_token_merges(["t 1", "t 2", "t 3"])
    w.add_bos_token_id(0)
    w.add_eos_token_id(1)
    w.add_add_bos_token(True)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, c.num_hidden_layers)
    with torch.no_grad():
        for name, p in m.named_parameters():
            x = p.detach()
            x.normal_(0, 0.5)
            x = x.numpy()
            heads = {"q_proj": c.num_attention_heads, "k_proj": c.num_key_value_heads}.get(name.split(".")[-2])
            if x.ndim == 1:
                w.add_tensor(names.get_name(name, (".weight",)), x)
                continue
            # quantised rows as they lie in the file; what they say goes back into the model
            q = gguf.quants.quantize(x, T.Q8_0)
            p.copy_(torch.from_numpy(gguf.quants.dequantize(q, T.Q8_0).reshape(x.shape)))
            w.add_tensor(names.get_name(name, (".weight",)), permute(q, heads) if heads else q, raw_dtype=T.Q8_0)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    m.save_pretrained(f"{folder}/hf")
    for extra in os.listdir(f"{folder}/hf"):
        if extra not in ("config.json", "model.safetensors"):
            os.remove(f"{folder}/hf/{extra}")


def family(folder, arch, c):
    """as convert_hf_to_gguf writes it: Gemma's gains are what rows are multiplied by"""
    torch.manual_seed(6)
    m = AutoModelForCausalLM.from_config(c)
    w = gguf.GGUFWriter(f"{folder}/model.gguf", gguf.MODEL_ARCH_NAMES[arch])
    w.add_block_count(c.num_hidden_layers)
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    if arch != gguf.MODEL_ARCH.OLMO2:
        w.add_key_length(c.head_dim)
        w.add_value_length(c.head_dim)
    gemma = arch == gguf.MODEL_ARCH.GEMMA3
    w.add_rope_freq_base((c.rope_parameters["full_attention"] if gemma else c.rope_parameters)["rope_theta"])
    if gemma:
        w.add_sliding_window(c.sliding_window)
        w.add_tokenizer_model("llama")
        w.add_tokenizer_pre("default")
        w.add_token_list(["<pad>", "<eos>", "<bos>", "<unk>"] + [f"t{i}" for i in range(36)])
        w.add_token_scores([-1000.0] * 4 + [-float(i) for i in range(36)])
        w.add_token_types([gguf.TokenType.CONTROL] * 3 + [gguf.TokenType.UNKNOWN] + [gguf.TokenType.NORMAL] * 36)
        w.add_bos_token_id(2)
        w.add_eos_token_id(1)
        w.add_add_space_prefix(False)
    names = gguf.get_tensor_name_map(arch, c.num_hidden_layers)
    with torch.no_grad():
        for name, p in m.named_parameters():
            p.normal_(0, 0.5)
            x = p.detach().numpy() + (1 if gemma and name.endswith("norm.weight") else 0)
            w.add_tensor(names.get_name(name, (".weight",)), x)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    m.save_pretrained(f"{folder}/hf")
    for extra in os.listdir(f"{folder}/hf"):
        if extra not in ("config.json", "model.safetensors"):
            os.remove(f"{folder}/hf/{extra}")


small = dict(vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
             num_key_value_heads=1, max_position_embeddings=64, rms_norm_eps=1e-5)
FAMILIES = {
    "gemma3": (gguf.MODEL_ARCH.GEMMA3, Gemma3TextConfig(
        **{**small, "num_hidden_layers": 6}, head_dim=4, query_pre_attn_scalar=4, sliding_window=8, bos_token_id=2,
        eos_token_id=1)),
    "qwen3": (gguf.MODEL_ARCH.QWEN3, Qwen3Config(**small, head_dim=4, tie_word_embeddings=True)),
    "olmo2": (gguf.MODEL_ARCH.OLMO2, Olmo2Config(**small, eos_token_id=None)),
}
if sys.argv[2:]:  # these alone
    for name in sys.argv[2:]:
        shutil.rmtree(f"{OUT}/{name}", ignore_errors=True)
        os.makedirs(f"{OUT}/{name}")
        family(f"{OUT}/{name}", *FAMILIES[name])
    sys.exit()
shutil.rmtree(OUT, ignore_errors=True)
os.makedirs(f"{OUT}/types")
os.makedirs(f"{OUT}/llama")
for kind in [T.F32, T.F16, T.BF16] + list(SCALES):
    b = blocks(kind)
    b.tofile(f"{OUT}/types/{kind.name}.bin")
    if kind == T.F32:
        x = b.view(np.float32)
    elif kind == T.F16:
        x = b.view(np.float16).astype(np.float32)
    else:
        x = gguf.quants.dequantize(b, kind)
    x.astype("<f4").tofile(f"{OUT}/types/{kind.name}.f32")
llama(f"{OUT}/llama")
for name, (arch, config) in FAMILIES.items():
    os.makedirs(f"{OUT}/{name}")
    family(f"{OUT}/{name}", arch, config)
