/* choose.h - which of its supervisor's labels a student learns: by how sure they are, or by how a
 * training took them. Inside lab only. */
#ifndef W2S_LAB_CHOOSE_H
#define W2S_LAB_CHOOSE_H

#include "core/doc.h"

#include <stdint.h>

/* CHOICE_SURE: of n examples the n * share (to the nearest) that come first in an order
 * (choice_by); CHOICE_DYNAMICS: the same, by a job before. CHOICE_WINDOW: those whose largest
 * probability is from low to high, both within; it is the probability as it stands, 1/K at least.
 * CHOICE_HUMAN: all, of which n * share (to the nearest) that are drawn have ground truth for a
 * label; alone: these and no others. CHOICE_SUPERVISOR: all, and it is their supervisor that has
 * learnt so many of them with their truth (job_taught.c). The others are of repair.h, made by a job
 * before: CHOICE_NEIGHBOURS: labels smoothed over `weight` of their k nearest neighbours';
 * CHOICE_CONFIDENT: those that confident learning keeps, by logistic regression (c) on so many
 * folds; CHOICE_ACTIVE: all, of which n * share that `by` says are worth asking about (active.h)
 * are ground truth; disputed asks such a regression; CHOICE_CONTRAST: what the student's model as
 * it starts says, and `weight` of what the supervisor's training changed in its own. CHOICE_TRUST:
 * of trust.h, the n * keep (to the nearest) that a trust function of `hidden` units (c) trusts
 * most, learnt of the n * share, drawn, whose truth is told. */
enum choice_kind {
    CHOICE_ALL,
    CHOICE_SURE,
    CHOICE_WINDOW,
    CHOICE_HUMAN,
    CHOICE_SUPERVISOR,
    CHOICE_ACTIVE,
    CHOICE_NEIGHBOURS,
    CHOICE_CONFIDENT,
    CHOICE_TRUST,
    CHOICE_DYNAMICS,
    CHOICE_CONTRAST
};

/* In which order labels are taken; of equal ones in each the surest by probability, of these the
 * first. Of CHOICE_SURE: the largest probability, largest first; the entropy, lowest first; the
 * largest probability less the second, largest first; how many members of an ensemble name the
 * class that it names, most first. Of CHOICE_DYNAMICS: dynamics_measure's, largest first. Of
 * CHOICE_ACTIVE: active.h's, of equal ones the first. */
enum choice_by {
    BY_PROBABILITY,
    BY_ENTROPY,
    BY_MARGIN,
    BY_AGREEMENT,
    BY_CONFIDENCE,
    BY_VARIABILITY,
    ACTIVE_UNSURE,
    ACTIVE_DISPUTED,
    ACTIVE_COVER
};

struct choice {
    enum choice_kind kind;
    double share, low, high;
    enum choice_by by;
    bool alone; /* the method's, no setting */
    size_t k, folds;
    double weight, c, keep;
    size_t hidden;
};

/* choice_keys - the settings of a kind; NULL: none. choice_read - those that m has, over what c is.
 * choice_gone - ERR_INPUT for a setting of before, saying what stands for it. choice_json - them
 * all, as members of an open JSON object; of CHOICE_SURE "by" only where it is not probability.
 * choice_told - whether it is told a share of the truth. choice_reads - whether a model has to read
 * the texts before (repair.h, active.h). choice_folds - whether regressions are fitted then, each
 * on all folds but one. */
const char *const *choice_keys(enum choice_kind kind);
int choice_read(struct choice *c, const struct doc *m, struct err *e);
int choice_gone(const struct choice *c, const struct doc *m, struct err *e);
void choice_json(const struct choice *c, struct js *j);
bool choice_told(const struct choice *c);
bool choice_reads(const struct choice *c);
bool choice_folds(const struct choice *c);

/* choice_share - of how many of its examples a student learns, as far as that is known before. */
double choice_share(const struct choice *c);

/* choice_make - of labels probs [n,K] the chosen, ascending; *chosen [*n_chosen] is the caller's,
 * mem_free. score [n]: by agreement, and of CHOICE_DYNAMICS, what the order goes by; else not read.
 * ERR_INPUT where there is none. */
int choice_make(const struct choice *c, const double *probs, const double *score, size_t n,
                size_t K, size_t **chosen, size_t *n_chosen, struct err *e);

/* dynamics_measure - how a training took n labels (Swayamdipta et al. 2020): p [M,n] is what it
 * gave to the class that each names, at M > 0 points; confidence [n] the mean over these,
 * variability [n] the standard deviation (over M, not M - 1). */
void dynamics_measure(const double *p, size_t M, size_t n, double *confidence, double *variability);

/* choice_fits - whether a share, or what trust keeps, is one of n examples at least, and folds are
 * no more than these examples' questions: else ERR_INPUT that says the method's setting and what is
 * wanted of it. No label is looked at. */
int choice_fits(const struct choice *c, const char *method, size_t n, size_t questions,
                struct err *e);

/* choice_count - n * share, to the nearest: ERR_INPUT, begun with the method's name, where that is
 * none. */
int choice_count(const char *method, double share, size_t n, size_t *k, struct err *e);

/* choice_drawn - of n examples those whose ground truth is told, n * share of them (to the
 * nearest), by the seed: drawn [*k] ascending, the caller's, mem_free. All methods that are told
 * some of it draw here, so that one seed and share are the same examples for each. ERR_INPUT, begun
 * with the method's name, where that is none. choice_share_count - how many a share is. */
size_t choice_share_count(double share, size_t n);
int choice_drawn(const char *method, double share, uint64_t seed, size_t n, size_t **drawn,
                 size_t *k, struct err *e);

/* choice_trusted - of CHOICE_TRUST: those of n that have most trust [n], of equal ones the first.
 * Otherwise as choice_make. */
int choice_trusted(const struct choice *c, const double *trust, size_t n, size_t **chosen,
                   size_t *n_chosen, struct err *e);

/* choice_human - the same of CHOICE_HUMAN: labels probs [n,K] become 1 for truth where they are
 * human; *chosen is NULL where it is not these alone. */
int choice_human(const struct choice *c, uint64_t seed, const int *truth, size_t n, size_t K,
                 double *probs, size_t **chosen, size_t *n_human, struct err *e);

#endif
