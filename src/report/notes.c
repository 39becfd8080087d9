/* notes.c - what a reader has to know beside the numbers: how models learn, where the data is from,
 * pairs that are left out, texts that were cut. */
#include "report/view.h"

#include <math.h>
#include <string.h>

void notes_left_out(const struct doc *results, struct str *out)
{
    const struct doc *list = doc_get(results, "left_out");
    if (!list->n)
        return;
    str_addf(out,
             "Left out, because the student is smaller than the supervisor: %zu pair%s: ", list->n,
             list->n > 1 ? "s" : "");
    for (const struct doc *x = list->child; x; x = x->next) {
        view_words(results, view_str(x, "supervisor"), out);
        str_cat(out, " -> ");
        view_words(results, view_str(x, "student"), out);
        str_cat(out, x->next ? "; " : ".");
    }
}

/* What is held against the best constant answer. */
static const struct constant_role {
    const char *scores, *model, *words; /* keys of a pair; for people */
} constant_roles[] = {{"weak", "supervisor", "the supervisor of "},
                      {"ceiling", "student", "the ceiling of "}};
#define CONSTANT_ROLES (sizeof constant_roles / sizeof *constant_roles)

/* role_first - whether no pair before p has an accuracy of the same model in that role. */
static bool role_first(const struct doc *pairs, const struct doc *p, const struct constant_role *r)
{
    for (const struct doc *q = pairs->child; q != p; q = q->next)
        if (strcmp(view_str(q, r->model), view_str(p, r->model)) == 0 &&
            !isnan(view_est(doc_get(q, r->scores), "accuracy").value))
            return false;
    return true;
}

/* constant_list - begun with `words`, those whose interval lies below the best constant answer, or
 * else those whose interval holds it; how many of each role are added to n. */
static void constant_list(const struct doc *results, bool below, const char *words,
                          size_t n[CONSTANT_ROLES], struct str *out)
{
    const struct doc *pairs = doc_get(results, "pairs");
    double constant = view_real(doc_get(results, "task"), "constant_accuracy");
    for (size_t k = 0; k < CONSTANT_ROLES; k++)
        for (const struct doc *p = pairs->child; p; p = p->next) {
            const struct constant_role *r = &constant_roles[k];
            struct est x = view_est(doc_get(p, r->scores), "accuracy");
            bool listed = below ? x.hi < constant : x.lo <= constant && x.hi >= constant;
            if (!listed || !role_first(pairs, p, r))
                continue;
            str_cat(out, n[0] + n[1] ? "; " : words);
            str_cat(out, r->words);
            view_words(results, view_str(p, r->model), out);
            str_addf(out, " (%.3f to %.3f, constant %.3f)", x.lo, x.hi, constant);
            n[k]++;
        }
}

void notes_constant(const struct doc *results, struct str *out)
{
    size_t worse[CONSTANT_ROLES] = {0}, same[CONSTANT_ROLES] = {0};
    constant_list(results, true, "Worse than the best constant answer, interval and all: ", worse,
                  out);
    if (worse[0])
        str_cat(out, worse[1] ? ". Such a supervisor's labels say" : ". Its labels say");
    if (worse[0])
        str_cat(out, " less than no model at all, or the contrary of the truth");
    str_cat(out, worse[0] + worse[1] ? "." : "");
    constant_list(
        results, false,
        out->len ? " Not told from a constant answer: " : "Not told from a constant answer: ", same,
        out);
    if (same[1])
        str_cat(out, ". By a ceiling that may have learnt nothing, PGR does not say what a student "
                     "learns");
    str_cat(out, same[0] + same[1] ? "." : "");
}

static const char *const parts[] = {"supervise", "train", "valid", "test"};
#define PARTS    (sizeof parts / sizeof *parts)
#define CUT_MUCH 0.01 /* a larger share is warned of */

/* part_cut - how many texts of a part were cut: all models of a study read the same, so the first
 * job that read it knows. NAN where none did. */
static double part_cut(const struct doc *results, const char *part)
{
    double n = (double)NAN;
    for (const struct doc *j = doc_get(results, "jobs")->child; j && isnan(n); j = j->next)
        n = view_real(doc_get(doc_get(j, "result"), "truncated"), part);
    return n;
}

/* notes_equal - texts that the cut made equal, by part; false where there are none. */
static bool notes_equal(const struct doc *task, struct str *out)
{
    bool any = false;
    for (size_t p = 0; p < PARTS; p++) {
        double own = view_real(doc_get(task, "repeated"), parts[p]);
        double other = view_real(doc_get(task, "shared"), parts[p]);
        if (!(own > 0) && !(other > 0))
            continue;
        str_cat(out, any ? "; " : " Warning: the cut made texts equal: ");
        str_addf(out, "of %s, %.0f of %.0f equal another of that part and %.0f one of another part",
                 parts[p], own, view_real(task, parts[p]), other);
        any = true;
    }
    if (any)
        str_addc(out, '.');
    return any;
}

bool notes_cut(const struct doc *results, struct str *out)
{
    const struct doc *task = doc_get(results, "task");
    double most = 0;
    const char *worst = NULL;
    for (size_t p = 0; p < PARTS; p++) {
        double n = part_cut(results, parts[p]), of = view_real(task, parts[p]);
        if (!(n > 0))
            continue;
        if (!worst)
            str_addf(out, "Cut to %.0f tokens, the same texts for every model (first seed): ",
                     view_real(task, "max_tokens"));
        str_addf(out, "%s%s: %.0f of %.0f texts (%.1f %%)", worst ? "; " : "", parts[p], n, of,
                 100 * n / of);
        if (n / of > most) {
            most = n / of;
            worst = parts[p];
        }
    }
    if (worst)
        str_addc(out, '.');
    if (most > CUT_MUCH)
        str_addf(
            out,
            " Warning: %.1f %% of the texts of %s are cut, and the models answer for what they "
            "did not read; raise data.max_tokens.",
            100 * most, worst);
    return notes_equal(task, out) || most > CUT_MUCH;
}

/* side_words - "train all blocks (learning rate 0.0003, 2 epochs)". */
static void side_words(const struct doc *side, struct str *out)
{
    const char *what = view_str(side, "trainable");
    const struct doc *prompt = doc_get(side, "prompt");
    if (prompt) {
        const struct doc *calibrated = doc_get(prompt, "calibrate");
        str_addf(out, "are asked with %.0f shots%s", view_real(prompt, "shots"),
                 calibrated && calibrated->b ? ", calibrated" : "");
        return;
    }
    if (strcmp(view_str(side, "learner"), "probe") == 0) {
        str_cat(out, "are probes: logistic regressions on the last token's features");
        return;
    }
    const struct doc *embeddings = doc_get(side, "embeddings");
    if (strcmp(what, "all") == 0)
        str_cat(out, embeddings && embeddings->b ? "train whole" : "train all but the embeddings");
    else if (strcmp(what, "head") == 0)
        str_cat(out, "train the head alone");
    else if (str_starts(what, "top "))
        str_addf(out, "train the top %s block%s, the final norm and the head", what + 4,
                 strcmp(what, "top 1") == 0 ? "" : "s");
    else
        str_addf(out, "train %s", what);
    str_cat(out, " (learning rate ");
    str_number(out, view_real(side, "lr"));
    double epochs = view_real(side, "epochs");
    str_addf(out, ", %.0f epoch%s)", epochs, epochs > 0.5 && epochs < 1.5 ? "" : "s");
}

void notes_training(const struct doc *results, struct str *out)
{
    const struct doc *study = doc_get(results, "study"), *weak = doc_get(study, "supervisor"),
                     *strong = doc_get(study, "student");
    bool truncated = false;
    for (const struct doc *m = doc_get(results, "models")->child; m; m = m->next)
        truncated = truncated || view_real(m, "layers") < view_real(m, "layers_whole");
    if (weak) {
        str_cat(out, "Supervisors ");
        side_words(weak, out);
        str_cat(out, "; ");
    }
    if (strong) {
        str_cat(out, weak ? "students and ceilings " : "Students and ceilings ");
        side_words(strong, out);
        str_cat(out, ".");
    }
    if (doc_get(study, "generative")) {
        str_cat(out, " Before that all models learn the task's texts without labels: they ");
        side_words(doc_get(study, "generative"), out);
        str_cat(out, ".");
    }
    if (truncated)
        str_addf(out, "%sN of M layers: the first N of the model and its final norm.",
                 out->len ? " " : "");
}

void notes_judges(const struct doc *results, struct str *out)
{
    static const char *const forms[][2] = {{"adviser", "one adviser"},
                                           {"adviser-right", "an adviser who is always right"},
                                           {"debate", "two debaters"},
                                           {"consultancy", "its own arguments"}};
    const struct doc *pairs = doc_get(results, "pairs");
    size_t n = 0;
    for (const struct doc *p = pairs->child; p; p = p->next) {
        const struct doc *judge = doc_get(p, "judge");
        struct est x = view_est(judge, "minus_alone"),
                   own = view_est(doc_get(p, "weak"), "accuracy");
        const char *form = view_str(judge, "form");
        bool seen = false;
        for (const struct doc *q = pairs->child; q != p; q = q->next)
            seen = seen || strcmp(view_str(q, "supervisor"), view_str(p, "supervisor")) == 0;
        if (seen || isnan(x.value))
            continue;
        for (size_t k = 0; k < sizeof forms / sizeof *forms; k++)
            form = strcmp(form, forms[k][0]) == 0 ? forms[k][1] : form;
        str_addf(out, "%s%s %+.3f [%+.3f, %+.3f], so %.3f",
                 n++ ? "; " : "Judges, less the same judge alone: ", form, x.value, x.lo, x.hi,
                 own.value);
    }
    if (n)
        str_addc(out, '.');
}

void notes_chain(const struct doc *results, struct str *out)
{
    size_t n = 0;
    for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
        const struct doc *chain = doc_get(p, "chain");
        if (strcmp(view_str(p, "method"), "bootstrapping") != 0 || !chain || chain->n > 2)
            continue;
        str_cat(out, n++ ? "; " : "bootstrapping, ");
        view_words(results, view_str(p, "supervisor"), out);
        str_cat(out, " -> ");
        view_words(results, view_str(p, "student"), out);
    }
    if (n)
        str_cat(out, ": the chain has no model between them: it is naive.");
}

void notes_untrained(const struct doc *results, struct str *out)
{
    static const struct {
        const char *start, *words;
    } starts[] = {
        {"label words", "its head is made of the label words' rows of the unembedding, so that it "
                        "says what a language model holds for the next word (zero-shot)"},
        {"random head", "its head is random, for want of label words that are one token"},
        {"random weights", "its weights are random"},
        {"zero-shot", "it is asked without shots (zero-shot)"},
        {"language model", "it writes on as a language model (zero-shot)"},
    };
    bool any = false;
    for (size_t k = 0; k < sizeof starts / sizeof *starts; k++)
        for (const struct doc *p = doc_get(results, "pairs")->child; p; p = p->next) {
            if (strcmp(view_str(doc_get(p, "untrained"), "start"), starts[k].start) != 0)
                continue;
            str_addf(out, "%s%s", any ? "; or " : "Untrained is the student before it learns: ",
                     starts[k].words);
            any = true;
            break;
        }
    if (any)
        str_addc(out, '.');
}

void notes_recited(const struct doc *results, struct str *out)
{
    const struct doc *pairs = doc_get(results, "pairs");
    bool any = false;
    for (const struct doc *p = pairs->child; p; p = p->next) {
        const struct doc *recited = doc_get(p, "recited");
        struct est x = view_est(recited, "share");
        bool seen = false; /* of another student of the same model */
        for (const struct doc *q = pairs->child; q != p; q = q->next)
            seen = seen || strcmp(view_str(doc_get(q, "recited"), "model"),
                                  view_str(recited, "model")) == 0;
        if (!recited || seen)
            continue;
        str_addf(out, "%s%s writes the second half of %.1f %%",
                 any ? "; " : "Given the first half of a text, ", view_str(recited, "model"),
                 100 * x.value);
        if (!isnan(x.lo))
            str_addf(out, " [%.1f, %.1f]", 100 * x.lo, 100 * x.hi);
        str_addf(out, " of the test examples word for word (%.0f were long enough to tell)",
                 view_real(recited, "texts"));
        any = true;
    }
    if (any)
        str_cat(out, ": so much of them, at least, it has seen before.");
}

void notes_device(const struct doc *results, struct str *out)
{
    const char *device = view_str(doc_get(results, "study"), "device");
    if (*device)
        str_addf(out, "Computed on %s.", device);
}

void notes_source(const struct doc *results, struct str *out)
{
    const struct doc *task = doc_get(results, "task");
    const char *source = view_str(task, "source"), *missing = view_str(task, "sources_missing");
    if (*source)
        str_addf(out, "Task %s is read from its source \"%s\"%s%s%s.", view_str(task, "name"),
                 source, *missing ? " (looked for before it and not there: " : "", missing,
                 *missing ? ")" : "");
}
