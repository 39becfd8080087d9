/* weights.h - tensors in files: safetensors (one file, or shards with an index) and GGUF, read as
 * f32 whatever they are stored as; safetensors written. Formats: the safetensors README; ggml's
 * gguf.md and its block types. */
#ifndef W2S_MODEL_WEIGHTS_H
#define W2S_MODEL_WEIGHTS_H

#include "model/config.h"

struct weights; /* an open checkpoint: mapped files, a table of names, the config */

struct weights_tensor {
    const char *name;
    const char *type;      /* "F32", "BF16", "Q4_1" ... as the format spells it */
    size_t ndim, shape[4]; /* outermost first, also for GGUF (which stores innermost first) */
    size_t n;              /* elements */
    bool readable;         /* weights_read knows the type; a buffer of I64 is there by name alone */
};

/* weights_open - path: a Hugging Face folder (config.json + model.safetensors or
 * model.safetensors.index.json), or a .gguf file (or a folder with exactly one). Everything is
 * checked before the first read: header sizes, offsets inside the file and not overlapping, shapes
 * times type = bytes, known types. Owner: caller, weights_close. */
int weights_open(struct weights **out, const char *path, struct err *e);
/* weights_open_tensors - one safetensors file without a config. weights_adapt - adapters of a
 * folder (lora.h) belong to w: model_load puts them into the weights, weights_hash is of their
 * files too.
 */
int weights_open_tensors(struct weights **out, const char *file, struct err *e);
int weights_adapt(struct weights *w, const char *dir, struct err *e);
const char *weights_adapter(const struct weights *w); /* NULL: none */
void weights_close(struct weights *w);

const struct model_config *weights_config(const struct weights *w);
bool weights_is_gguf(const struct weights *w);
size_t weights_count(const struct weights *w);
const struct weights_tensor *weights_at(const struct weights *w, size_t i);
const struct weights_tensor *weights_find(const struct weights *w,
                                          const char *name); /* NULL if absent */
/* weights_read - rows [row, row+rows) of a tensor seen as [shape[0], rest], as f32. Dequantises in
 * parallel. False where a number is not finite. BUG if out of range, not readable, or where a part
 * of a quantised vector begins or ends within a block. */
bool weights_read(const struct weights *w, const struct weights_tensor *t, size_t row, size_t rows,
                  float *out);

/* weights_idle - what has been read is not read again soon: file_map_idle of its files. */
void weights_idle(const struct weights *w);

/* weights_path - the path as given; weights_hash - SHA-256 over the contents of config.json and of
 * every file of tensors, whatever they are called. */
const char *weights_path(const struct weights *w);
int weights_hash(const struct weights *w, char hex[65], struct err *e);

/* weights_tokenizer_fields - of a GGUF file, views that die with w; ERR_INPUT where it has none.
 * The struct is this room's twin of tokenizer_gguf (model does not see tokenizer; cli and lab pass
 * it on). */
struct weights_vocab {
    const char *model, *pre;
    const char *const *tokens;
    size_t n_tokens;
    const int32_t *types;
    const float *scores;
    const char *const *merges;
    size_t n_merges;
    int64_t bos, eos;
    bool add_bos, add_eos, space_prefix;
};
int weights_vocab(const struct weights *w, struct weights_vocab *v, struct err *e);

/* weights_out - write safetensors (F32), atomically; metadata {"format": "pt"}. Names and shapes
 * first, data after, in order. */
struct weights_out_tensor {
    const char *name;
    size_t ndim, shape[4];
};
struct weights_out;
int weights_out_open(struct weights_out **out, const char *file, const struct weights_out_tensor *t,
                     size_t n, struct err *e);
/* weights_out_add - the next n floats; a tensor may come in pieces. */
int weights_out_add(struct weights_out *o, const float *data, size_t n, struct err *e);
int weights_out_commit(struct weights_out *o, struct err *e);
void weights_out_close(struct weights_out *o);

#endif
