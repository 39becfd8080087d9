/* checkpoint.h - an open checkpoint from the inside: what weights.c shares with the readers of the
 * two formats. */
#ifndef W2S_MODEL_CHECKPOINT_H
#define W2S_MODEL_CHECKPOINT_H

#include "core/arena.h"
#include "core/file.h"
#include "model/weights.h"

/* How numbers are stored: a type's blocks of `block` numbers in `bytes` bytes, unpacked by read
 * (quant.c). */
struct number_type {
    const char *name;
    int gguf; /* ggml's number of the type; -1: not in GGUF */
    size_t block, bytes;
    void (*read)(const unsigned char *blocks, size_t n_blocks, float *out);
};
extern const struct number_type number_types[]; /* ends with a NULL name */
const struct number_type *number_type_named(const char *name);
const struct number_type *number_type_gguf(int number);

struct stored {
    struct weights_tensor t;
    const struct number_type *type;
    const unsigned char *data;
    size_t bytes;
};

struct weights {
    struct arena arena;
    char *path;
    char *adapter; /* folder, or NULL */
    bool gguf;
    struct model_config config;
    struct file_map *maps;
    const char **files; /* names of maps, and of other files that the hash covers */
    size_t n_maps, n_files, cap_maps, cap_files;
    struct stored *tensors; /* sorted by name once open */
    size_t n_tensors, cap_tensors;
    struct weights_vocab vocab; /* of a GGUF file; model NULL where there is none */
};

/* Each reads one file, whose map is w->maps[w->n_maps - 1], into w's tensors; everything checked
 * against its size. */
int safetensors_read(struct weights *w, const char *file, const struct file_map *m, struct err *e);
int gguf_read(struct weights *w, const char *file, const struct file_map *m, struct err *e);
/* stored_apart - no two tensors from `first` on, which are of one file, share bytes. */
int stored_apart(const struct weights *w, size_t first, const char *file, struct err *e);

#endif
