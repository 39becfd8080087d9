/* added.h - tokens that are looked for in the text itself, before anything is cut: "<|endoftext|>",
 * a run of 24 spaces. */
#ifndef W2S_TOKENIZER_ADDED_H
#define W2S_TOKENIZER_ADDED_H

#include "core/err.h"
#include "tokenizer/regex.h"
#include <stdint.h>

/* As in tokenizer.json. */
struct added_token {
    int32_t id;
    char *content; /* as the file says */
    size_t n;
    bool special;     /* taken from a text only where the caller wants it; left out by decoding */
    bool normalized;  /* looked for in the normalised text, itself normalised */
    bool lstrip;      /* takes the white space before it */
    bool rstrip;      /* and after it */
    bool single_word; /* not beside a letter or digit */
};

/* A set of them as a tree over bytes; the longest match at the leftmost place wins. */
struct added_node {
    int32_t child, sibling; /* -1: none */
    int32_t token;          /* index of the caller's, -1 */
    unsigned char byte;
};
struct added_set {
    struct added_node *nodes;
    size_t n, cap;
    int32_t first[256]; /* node of a first byte, -1 */
    struct regex *word; /* one character of a word; only where a token is single_word */
};

void added_set_init(struct added_set *s);
void added_set_release(struct added_set *s);

/* added_set_add - text[0..n), n > 0, is found as token; of two the same the first counts. */
int added_set_add(struct added_set *s, const char *text, size_t n, int32_t token, bool single_word,
                  struct err *e);

/* A walk over valid UTF-8 s[0..n): pieces that are tokens, and the plain text between them. */
struct added_walk {
    const struct added_set *set;
    const struct added_token *tokens;
    const char *s;
    size_t n;
    bool take_special; /* else special tokens are passed over: they are plain text */
    size_t done;       /* given to the caller so far */
    size_t match;      /* where to look for the next match */
    int32_t held;      /* a token found, its plain text before it was given first; -1 */
    size_t held_begin, held_end;
};
struct added_piece {
    size_t begin, end;
    int32_t token; /* index of tokens; -1: plain text */
};
void added_walk_init(struct added_walk *w, const struct added_set *set,
                     const struct added_token *tokens, const char *s, size_t n, bool take_special);
/* added_walk_next - 1: *p is the next piece; 0: the end; negative: e says why. */
int added_walk_next(struct added_walk *w, struct added_piece *p, struct err *e);

#endif
