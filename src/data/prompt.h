/* prompt.h - an example put to a language model as a question, with others and their labels before
 * it.
 *
 *     [instruction, blank line] (text, ask word, blank line) x shots, text, ask -> which word?
 *
 * What stands before the last text is the same for every example, so its tokens are made, and
 * worked out, once. Each piece is cut into tokens by itself: a label's word is the same tokens
 * whether it stands in a shot or is scored. */
#ifndef W2S_DATA_PROMPT_H
#define W2S_DATA_PROMPT_H

#include "data/pack.h"

/* asking - how examples are put. A task's own (task_asking) is what its file's "prompt" says:
 * without one "Answer:" and the classes' names. */
struct asking {
    const char *instruction; /* what a prompt begins with; "": nothing */
    const char *ask;         /* on a line of its own behind the text */
    const char *words[16];   /* of each class, with the blank before it */
    size_t n_words;          /* 0: not said */
};
void task_asking(const struct task *t, struct asking *a);
/* asking_read - what a map says of it, under keys among asking_keys (which ends with NULL); NULL
 * and 0 what it does not. asking_check - a word for each of the task's classes, each another: else
 * ERR_INPUT. asking_over - what `own` says takes a's place. */
extern const char *const asking_keys[];
int asking_read(struct asking *a, const struct doc *map, struct err *e);
int asking_check(const struct asking *a, const struct task *t, struct err *e);
void asking_over(struct asking *a, const struct asking *own);

/* prompter - an asking as one tokenizer reads it. Undone by prompter_release, after an error too.
 * word_tokens: all words', one after the other, from word_starts[k] on. */
struct prompter {
    const struct tokenizer *tok;
    struct asking asking;
    size_t K;
    int32_t bos; /* -1: none */
    struct token_ids word_tokens, gap, ids;
    size_t word_starts[17];
    struct str text;
};
int prompter_init(struct prompter *p, const struct asking *a, size_t K, const struct tokenizer *tok,
                  struct err *e);
void prompter_release(struct prompter *p);

struct shot { /* an example with the class that it is said to have */
    const char *text;
    size_t len, label;
};
/* prompter_prefix - appended: all that stands before the last text. */
int prompter_prefix(struct prompter *p, const struct shot *shots, size_t n, struct token_ids *out,
                    struct err *e);
/* prompter_texts - n examples as last texts, one sequence each; of single texts alone (BUG else).
 * prompter_text - of one text that is no example. Undone by token_set_release; after an error it
 * is released. */
int prompter_texts(struct prompter *p, const struct example *x, size_t n, struct token_set *t,
                   struct err *e);
int prompter_text(struct prompter *p, const char *text, struct token_set *t, struct err *e);
/* prompter_longest - tokens that a prompt of so many shots and a word may have, where texts have
 * max_tokens: cut behind each other, so that pieces may have a few more than alone. */
size_t prompter_longest(struct prompter *p, size_t shots, size_t max_tokens, struct err *e);

/* task_blank - appended: the template with `fill` in the place of every field. */
void task_blank(const struct task *t, const char *fill, struct str *out);

#endif
