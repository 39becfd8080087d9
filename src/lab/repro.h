/* repro.h - a finding of the study, put to the test: a file of findings/ says which studies are
 * run, which statements about their numbers are the finding, and what is drawn. docs/reproduce.md
 * is the user's manual of the file.
 *
 *     findings/NAME.yaml --repro_read--> studies --lab_run--> samples
 *     claims + samples --repro_conclude--> finding.json, which is all that the report reads */
#ifndef W2S_LAB_REPRO_H
#define W2S_LAB_REPRO_H

#include "core/doc.h"
#include "core/hash.h"
#include "lab/lab.h"
#include "lab/samples.h"

#define REPRO_LIST 24 /* entries that a list of a finding may have */

/* What of a pair a claim or a point is about: repro_values[], SAMPLE_VALUES of them in that order.
 */
extern const char *const repro_values[];

/* What a pair is told from others by, and what points lie along. */
enum repro_key {
    KEY_STUDY,
    KEY_TASK,
    KEY_SUPERVISOR,
    KEY_STUDENT,
    KEY_METHOD,
    KEY_BAND,
    KEY_NAMES, /* those above are names, those below numbers */
    KEY_SUPERVISOR_SIZE = KEY_NAMES,
    KEY_STUDENT_SIZE,
    KEY_SIZE_RATIO,
    KEY_SUPERVISOR_LAYERS,
    KEY_STUDENT_LAYERS,
    KEY_EPOCH, /* of curves within the epochs, not of pairs */
    KEYS
};
extern const char *const repro_keys[]; /* ends with NULL */

/* Which pairs. Patterns with *, ? and [...], NULL: any; supervisor and student may be "largest" or
 * "smallest" of those that the others leave, of each study, task and method. band NULL: all
 * examples of a pair. larger: only pairs whose student has more parameters than its supervisor.
 * Controls are pairs only to a method that names them. */
struct repro_where {
    const char *study, *task, *supervisor, *student, *method, *band;
    bool larger;
    const struct doc *said[KEY_NAMES]; /* where the file says each; NULL */
};

/* What is made of several pairs' values: their mean, median, or the mean of their middle half (of
 * those at its ends a part, so that it is n / 2 values whatever n is); of PGR, the sum of gains
 * over the sum of gaps; or the slope of a least-squares line over log2 of the students' or
 * supervisors' sizes, or of their ratio, one slope for all lines, an intercept for each. */
enum repro_take {
    TAKE_MEAN,
    TAKE_MEDIAN,
    TAKE_INTERQUARTILE_MEAN,
    TAKE_POOLED,
    TAKE_SLOPE_STUDENT,
    TAKE_SLOPE_SUPERVISOR,
    TAKE_SLOPE_RATIO
};
extern const char *const repro_takes[]; /* ends with NULL */

/* On which side of the bound a number is wanted; within: nearer to 0 than it, which is above 0. */
enum repro_want { WANT_ABOVE, WANT_BELOW, WANT_WITHIN };
extern const char *const repro_wants[]; /* ends with NULL */

/* Of two choices of pairs those that both have go together, each with its own: of the same task,
 * supervisor, student and band; or of models that are the same as these are, however they learn; or
 * the two are taken apart. */
enum repro_match { MATCH_PAIRS, MATCH_MODELS, MATCH_NONE };

/* take(value of `where`) - take(other of `minus`) lies on the wanted side of a bound. grouped: the
 * mean of the pairs of each name of `each`, of all tasks say, is one of what is taken together: of
 * takes that rows_take_each has. */
struct repro_claim {
    const char *say;
    int value, other;
    enum repro_take take;
    bool grouped;
    enum repro_key each; /* a name */
    struct repro_where where, minus;
    bool subtracts;
    enum repro_match match;
    enum repro_want want;
    double bound;
};

/* Lines of a panel: one for each different combination of what `lines` names. */
struct repro_series {
    const char *name; /* before what the line is of; "" */
    int value;        /* of curves: CURVE_... */
    enum repro_take take;
    struct repro_where where;
    bool lines[KEY_NAMES];
};

enum { CURVE_TRUTH, CURVE_WEAK, CURVE_TEST, CURVE_VALUES };
extern const char *const repro_curve_values[]; /* ends with NULL */

/* each: KEYS, or a name of which every one that the pairs have gets a panel of its own. */
struct repro_panel {
    const char *title, *label; /* of the y axis */
    enum repro_key x, each;
    struct repro_series series[REPRO_LIST];
    size_t n;
};

struct repro_study {
    const char *as, *study;
    const char *overrides[REPRO_LIST]; /* "key=value": the n_own that the finding has, and what the
                                          caller sets */
    const char *from[REPRO_LIST]; /* where each of them stands, "FILE:LINE"; NULL: the caller */
    size_t n_overrides, n_own;
    const struct doc *said;       /* where the finding names the study */
    const char *kept[REPRO_LIST]; /* of its own, what the caller would have set otherwise */
    size_t n_kept;
    struct doc_tree results; /* after repro_studied */
    size_t failed;           /* of its jobs; a claim that speaks of the study cannot be told then */
    bool untaught;           /* after repro_studied: rows_untaught */
    const char *missing;     /* why it was not run; NULL: it was */
};

/* A ladder of models that studies stand on: a name, or its file. */
struct repro_ladder {
    const char *ladder;
    const char *missing; /* what its models' folder is called, where not all are there; else NULL */
};

struct repro {
    struct doc_tree tree; /* strings below live in it */
    const char *name, *title, *source, *shape, *scale;
    const char *caveat; /* of the scale: what its models and data are not; "" where none is said */
    const char *asked;  /* its file, as the caller names it; NULL: it is found by its name. Set by
                           whoever asks, after repro_read */
    char file_hash[HASH_HEX]; /* repro_files_hash; "" after repro_read, set by whoever asks */
    double minutes;           /* that the scale is said to take on two cores; NAN: not said */
    double level;
    struct repro_ladder ladders[REPRO_LIST];
    size_t n_ladders;
    struct repro_study studies[REPRO_LIST];
    size_t n_studies;
    const char *const *with; /* [n_with] settings of all of them, over their own; the caller's */
    size_t n_with;
    struct repro_claim claims[REPRO_LIST];
    size_t n_claims;
    struct repro_panel panels[REPRO_LIST];
    size_t n_panels;
    struct samples samples;
    double seconds; /* of computing, whichever run did it */
};

/* The scales that there are, ending with NULL. repro_read - one of its scales; with:
 * "key=value", over what its studies set; but where studies of one file differ in it, each keeps
 * its own, and if all do: ERR_INPUT. Undone by repro_release. ERR_INPUT with file and line; a scale
 * that it does not have. */
extern const char *const repro_scales[];
int repro_read(struct repro *r, const char *path, const char *scale, const char *const *with,
               size_t n_with, struct err *e);
void repro_release(struct repro *r);

/* repro_check - its ladders and studies are ones that can be read, with their settings, and for
 * every choice of pairs there is a study that has what its study, task, method and band ask for,
 * and its supervisor where those are simulated. No data is looked at. ERR_INPUT with file and line.
 */
int repro_check(const struct repro *r, const char *share, struct err *e);

/* repro_files_hash - of the finding in that file and of what it names at a scale, whatever a caller
 * sets beside: SHA-256 of the SHA-256 in hexadecimal digits of its file, for each study of the
 * study's file and its task's, of each ladder's file; "-" for one that is not there, or whose name
 * cannot be read. No data is looked at. ERR_INPUT: the finding itself cannot be read. */
int repro_files_hash(const char *path, const char *share, const char *scale, char hex[HASH_HEX],
                     struct err *e);

/* repro_idle - whether the caller's k-th setting changes nothing in any of its studies; *idle false
 * where that cannot be told. */
int repro_idle(const struct repro *r, const char *share, size_t k, bool *idle, struct err *e);

/* repro_ladder_missing - of the i-th ladder, which is called so, not all models are there. */
int repro_ladder_missing(struct repro *r, size_t i, const char *name, struct err *e);
/* repro_studied - the i-th study has been run into r->samples, and its results are in dir. */
int repro_studied(struct repro *r, size_t i, const char *dir, struct err *e);
/* repro_missing - it could not be: the finding goes on without it, and says why. */
int repro_missing(struct repro *r, size_t i, const char *why, struct err *e);

/* repro_conclude - verdicts and points of all studies: finding.json in dir, which is made. */
int repro_conclude(const struct repro *r, const char *dir, struct err *e);

enum repro_verdict { VERDICT_HOLDS, VERDICT_FAILS, VERDICT_UNKNOWN };
extern const char *const repro_verdicts[]; /* "holds", "does not hold", "cannot tell" */

/* claim_measure - a claim's statistic with its interval, and what it comes to. pairs: how many it
 * is made of (matched ones once); groups: of how many names of `each` they are, if it is grouped;
 * undefined: how many more there are without a value; lines: of a
 * slope, how many lines have two sizes and bear on it, and of how many pairs together. why: where
 * the statistic has no interval; or is made of what students learnt in studies in which nothing was
 * learnt, which tells nothing of them; or is a difference of twins, which is 0 in every replicate
 * and is asked to be above or below something: VERDICT_UNKNOWN; else "". */
struct repro_result {
    struct estimate x;
    enum repro_verdict verdict;
    size_t pairs, groups, undefined, lines, on_lines;
    char why[160];
};
int claim_measure(const struct samples *s, const struct repro_claim *c, double level,
                  struct repro_result *out, struct err *e);

/* panel_json - a panel as an object of an open JSON list: its words; "names", what its x axis calls
 * 0, 1, ..., where x is a key of names: those of the pairs that it draws, in order of appearance;
 * "lines", each a name and points [x, value, low, high]. Of a panel with `each` several, in the
 * same order, but none where all points would lie at one place of a number. */
int panel_json(struct js *w, const struct repro *r, const struct repro_panel *panel, struct err *e);

#endif
