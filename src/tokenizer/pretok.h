/* pretok.h - from a text to words: normalizers that rewrite it, pre-tokenizers that cut it. */
#ifndef W2S_TOKENIZER_PRETOK_H
#define W2S_TOKENIZER_PRETOK_H

#include "core/doc.h"
#include "core/str.h"
#include "tokenizer/regex.h"
#include <stdint.h>

struct doc;

/* One normalizer. */
enum normal_kind { NORMAL_NFC, NORMAL_PREPEND, NORMAL_REPLACE };
struct normal_step {
    enum normal_kind kind;
    struct regex *find; /* NORMAL_REPLACE */
    char *text;         /* what is put before, or instead */
};

/* One pre-tokenizer; what HF calls ByteLevel is a cut (where use_regex) and a change to bytes. */
enum cut_kind { CUT_PREFIX, CUT_PATTERN, CUT_DIGITS, CUT_SIGN };
enum sign_prefix { SIGN_ALWAYS, SIGN_FIRST, SIGN_NEVER };
enum cut_behavior { CUT_ISOLATED, CUT_REMOVED, CUT_WITH_PREVIOUS, CUT_WITH_NEXT, CUT_CONTIGUOUS };
struct cut_step {
    enum cut_kind kind; /* CUT_PREFIX: a space before each piece that does not begin with one */
    struct regex *find;
    enum cut_behavior behavior;
    bool invert;
    char *sign; /* CUT_SIGN: stands for each space, and before a piece that does not begin with one
                 * (SIGN_FIRST: a piece at the text's beginning) */
    enum sign_prefix prefix;
};

enum { PRETOK_MAX_STEPS = 16 };
struct pretok {
    struct normal_step normals[PRETOK_MAX_STEPS];
    size_t n_normals;
    struct cut_step cuts[PRETOK_MAX_STEPS];
    size_t n_cuts;
    bool bytes;      /* words go on as bytes: byte-level BPE */
    struct str spec; /* all that was asked for, in one text: what tokenizer_hash sees */
};

void pretok_init(struct pretok *p);
void pretok_release(struct pretok *p);

/* pretok_named_json - the same as the members "normalizer" and "pre_tokenizer" of a tokenizer.json
 * that is open in j.
 * pretok_named - add what the name stands for ("gpt-2", "qwen2", "smollm", "llama-bpe" ...: the
 * values of GGUF's tokenizer.ggml.pre); NULL is "default". *ignore_merges as that family has it.
 * prefix_space: as GPT-2's add_prefix_space. An unknown name is ERR_INPUT listing the known ones.
 */
int pretok_named_json(const char *name, struct js *j, bool *ignore_merges, struct err *e);
int pretok_named(struct pretok *p, const char *name, bool prefix_space, bool *ignore_merges,
                 struct err *e);

/* pretok_read_normalizer, pretok_read_cutter - add what the "normalizer" and "pre_tokenizer" of a
 * tokenizer.json say; NULL or null: nothing. */
int pretok_read_normalizer(struct pretok *p, const struct doc *d, struct err *e);
int pretok_read_cutter(struct pretok *p, const struct doc *d, struct err *e);

/* What cutting one text needs for itself; one a thread. */
struct span {
    size_t begin, end;
};
struct pretok_work {
    struct regex_work regex;
    struct str normal, other; /* the text after the normalizers */
    struct str spaced, shown;
    struct span *spans, *next;
    size_t n_spans, cap_spans, n_next, cap_next;
};
void pretok_work_init(struct pretok_work *w);
void pretok_work_release(struct pretok_work *w);

/* pretok_normalize - valid UTF-8 s[0..n) rewritten: *out, *out_n, which is s or lives in w until
 * the next call. */
int pretok_normalize(const struct pretok *p, struct pretok_work *w, const char *s, size_t n,
                     const char **out, size_t *out_n, struct err *e);

/* pretok_cut - valid UTF-8 s[0..n) cut into w->spans of *out (s, or lives in w until the next
 * call). first: it begins where the caller's text does, and not behind an added token. */
int pretok_cut(const struct pretok *p, struct pretok_work *w, const char *s, size_t n, bool first,
               const char **out, struct err *e);

#endif
