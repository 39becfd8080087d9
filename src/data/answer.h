/* answer.h - answers that are written: which are right, which could be, and how they are tokens.
 *
 * A model reads a prompt (the example's text) and goes on. What it is taught to go on with is
 *
 *     a blank, the answer, the end
 *
 * where the end is the tokenizer's end-of-text token, or, where it has none, a line break's last
 * token. The answer is tokenized by itself, whatever the prompt is; of a tokenizer that puts a
 * blank before every text, that one is the blank. */
#ifndef W2S_DATA_ANSWER_H
#define W2S_DATA_ANSWER_H

#include "data/pack.h"

/* answer_check - an example with a position: it is one, and the answer a legal move there, in SAN
 * or UCI; else ERR_INPUT. */
int answer_check(const struct example *x, struct err *e);

/* answer_judge - text [n] against the example's answer. Without a position it is right where it is
 * the same, white space around aside, and every text is legal. With one its first word is what
 * counts: right is the same move, or any that mates where the answer does (chess/puzzle.h); no word
 * of a legal move is not legal. */
struct answer_verdict {
    bool right, legal;
};
struct answer_verdict answer_judge(const struct example *x, const char *text, size_t n);

/* answer_options - the legal moves of an example with a position, spelled as its answer is (SAN, or
 * UCI), each ended by a NUL, appended to out; *n: how many. */
int answer_options(const struct example *x, struct str *out, size_t *n, struct err *e);

/* answer_writer - a tokenizer as it writes answers. ERR_INPUT where it has no token for the end. */
struct answer_writer {
    const struct tokenizer *tok;
    bool blank; /* has to be put before an answer */
    int32_t end;
};
int answer_writer_init(struct answer_writer *w, const struct tokenizer *tok, struct err *e);
/* answer_encode - append the tokens of blank and answer, without the end; "" is none. */
int answer_encode(const struct answer_writer *w, const char *text, size_t n, struct token_ids *ids,
                  struct err *e);
/* answer_decode - out is the text of tokens [n] up to an end, valid UTF-8, without white space
 * around. */
int answer_decode(const struct answer_writer *w, const int32_t *tokens, size_t n, struct str *out,
                  struct err *e);

/* answers_longest - *most: the most tokens that an answer of n examples has, its end included;
 * larger values stay. */
int answers_longest(const struct example *x, size_t n, const struct answer_writer *w, size_t *most,
                    struct err *e);

/* answers_common - *most: how many of n examples have the answer that most have. */
int answers_common(const struct example *x, size_t n, size_t *most, struct err *e);

/* answers_set - what is learnt from: the prompts of n examples, each with an answer, its own or
 * (texts not NULL) texts[i], and the end; answer_at says where it begins. Where prompt, answer and
 * end are more than room tokens the answer keeps its first, and is counted in *cut. As
 * token_set_make. */
int answers_set(struct token_set *t, const struct example *x, const char *const *texts, size_t n,
                const struct answer_writer *w, size_t room, size_t *cut, struct err *e);

#endif
