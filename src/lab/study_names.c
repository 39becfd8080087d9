/* study_names.c - name and title of a study that was changed on the command line. */
#include "lab/study.h"
#include "core/file.h"
#include "core/hash.h"

#include <stdio.h>

static bool overridden(const char *const *overrides, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (str_starts(overrides[i], key))
            return true;
    return false;
}

/* name_set - a study that was changed on the command line has results of its own, unless it was
 * given a name there too. */
static int name_set(struct study *s, const char *const *overrides, size_t n, struct err *e)
{
    struct str yaml = STR_INIT;
    char hex[HASH_HEX] = "";
    int rc = OK;
    if (!n || overridden(overrides, n, "name="))
        return OK;
    rc = study_resolved(s, NULL, NULL, &yaml, e);
    if (!rc)
        rc = hash_bytes(yaml.s, yaml.len, hex, e);
    if (!rc) {
        snprintf(s->own, sizeof s->own, "%.*s-%.8s", STUDY_NAME - 9, s->name, hex);
        s->name = s->own;
    }
    str_release(&yaml);
    return rc;
}

/* Overrides after which the file's title speaks of another experiment: of these the title is made
 * anew. */
static const char *const subject_keys[] = {"task=",
                                           "model=",
                                           "supervisor=",
                                           "supervisor.model=",
                                           "supervisor.layers=",
                                           "supervisor.weights=",
                                           "student=",
                                           "student.model=",
                                           "student.layers=",
                                           "student.weights="};

static bool of_subject(const char *override)
{
    for (size_t i = 0; i < sizeof subject_keys / sizeof *subject_keys; i++)
        if (str_starts(override, subject_keys[i]))
            return true;
    return false;
}

/* side_words - "smollm2-135m (2, 4 layers)": the models of a side. */
static void side_words(const struct study_side *side, struct str *out)
{
    for (size_t i = 0; i < side->n_votes; i++)
        str_addf(out, "%s%s of %s", i ? ", " : "",
                 side->simulates ? "errors"
                 : side->labels  ? "labels"
                                 : "votes",
                 side->labels ? file_name(side->votes[i]) : side->votes[i]);
    if (side->n_votes)
        return;
    for (size_t i = 0; i < side->n_models; i++)
        str_addf(out, "%s%s", i ? ", " : "", file_name(side->models[i]));
    str_cat(out, side->random ? " from random weights (" : " (");
    for (size_t i = 0; i < side->n_layers; i++) {
        str_cat(out, i ? ", " : "");
        if (side->layers[i])
            str_addf(out, "%zu", side->layers[i]);
        else
            str_cat(out, "all");
    }
    str_cat(out, side->n_layers == 1 && side->layers[0] == 1 ? " layer" : " layers");
    if (side->ensemble.kind != ENSEMBLE_NONE)
        str_addf(out, ", %s", ensemble_names[side->ensemble.kind]);
    str_addc(out, ')');
}

/* title_set - a study that was changed on the command line says so over its numbers: what it is of,
 * where that was changed, and the other changes. */
static void title_set(struct study *s, const char *const *overrides, size_t n)
{
    struct str title = STR_INIT;
    bool subject = false, any = false;
    if (overridden(overrides, n, "title="))
        return;
    for (size_t i = 0; i < n; i++)
        subject = subject || of_subject(overrides[i]);
    if (subject) {
        str_addf(&title, "%s: ", file_name(s->task));
        side_words(&s->supervisor, &title);
        str_cat(&title, " supervising ");
        side_words(&s->student, &title);
    } else {
        str_cat(&title, s->title);
    }
    for (size_t i = 0; i < n; i++) {
        if (str_starts(overrides[i], "name=") || of_subject(overrides[i]))
            continue;
        str_addf(&title, "%s%s", any ? ", " : "; with ", overrides[i]);
        any = true;
    }
    snprintf(s->titled, sizeof s->titled, "%s", title.s);
    if ((any || subject) && !title.failed)
        s->title = s->titled;
    str_release(&title);
}

int study_names(struct study *s, const char *const *overrides, size_t n, struct err *e)
{
    int rc = name_set(s, overrides, n, e);
    if (!rc)
        title_set(s, overrides, n);
    return rc;
}
