/* describe.h - what one should know of a draw before training on it: `w2s task NAME`. */
#ifndef W2S_DATA_DESCRIBE_H
#define W2S_DATA_DESCRIBE_H

#include "data/pack.h"

struct part_description {
    size_t n, questions;
    size_t class[16];
    double constant_accuracy; /* of always answering the largest class; NAN for an empty part */
    /* With a tokenizer, else 0: tokens of the examples as they are (cut where dataset_cut was
     * called). median and p95 are the smallest length that half, 95 % of the examples do not
     * exceed. */
    size_t shortest, median, p95, longest, tokens;
    size_t same_text; /* examples whose text is in another part too: a cut can make them */
    /* Examples whose letters and digits, case aside, are those of one in another part. */
    size_t same_words;
};

struct description {
    bool tokenized;
    struct part_description part[PART_COUNT];
};

/* description_make - tok may be NULL: no lengths. Nothing to release. */
int description_make(struct description *a, const struct task *t, const struct dataset *d,
                     const struct tokenizer *tok, struct err *e);

/* Appended to out: as text for people, with show examples of the test part (else of the first that
 * has any), or as one JSON object on a line. */
void description_print(const struct description *a, const struct task *t, const struct dataset *d,
                       size_t show, struct str *out);
void description_json(const struct description *a, const struct task *t, const struct dataset *d,
                      size_t show, struct str *out);

#endif
