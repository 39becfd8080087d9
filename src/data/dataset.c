/* dataset.c - one draw: drafts, their split, and what is kept of both. */
#include "core/hash.h"
#include "core/mem.h"
#include "core/order.h"
#include "data/split.h"

#include <string.h>

/* example_id - the first 16 digits of the sum of question and text: short, and the same whatever
 * stands around it. */
static int example_id(const struct draft *x, char id[17], struct str *scratch, struct err *e)
{
    char hex[HASH_HEX];
    str_reset(scratch);
    str_catn(scratch, x->group, strlen(x->group) + 1);
    str_catn(scratch, x->text, x->len);
    int rc = str_check(scratch, e);
    if (!rc)
        rc = hash_bytes(scratch->s, scratch->len, hex, e);
    if (!rc) {
        memcpy(id, hex, 16);
        id[16] = '\0';
    }
    return rc;
}

/* alternatives_keep - in the dataset's own storage. */
static int alternatives_keep(struct dataset *d, const struct reading *from, struct example *x,
                             struct err *e)
{
    size_t n = d->alternatives;
    x->alternatives = arena_alloc(&d->arena, n, sizeof *x->alternatives, e);
    x->n_alternatives = n;
    for (size_t k = 0; x->alternatives && k < n; k++) {
        x->alternatives[k] = from[k];
        if (!(x->alternatives[k].text = arena_strndup(&d->arena, from[k].text, from[k].len, e)))
            return e->code;
    }
    return x->alternatives ? OK : e->code;
}

static int part_keep(struct dataset *d, const struct drafts *from, const size_t *taken, size_t n,
                     enum task_part part, struct err *e)
{
    struct str scratch = STR_INIT;
    int rc = OK;
    struct example *out = arena_alloc(&d->arena, n, sizeof *out, e);
    if (!out)
        return e->code;
    d->part[part] = out;
    d->n[part] = n;
    for (size_t i = 0; !rc && i < n; i++) {
        const struct draft *x = &from->a[taken[i]];
        out[i] = (struct example){.len = x->len,
                                  .long_begin = x->long_begin,
                                  .long_end = x->long_end,
                                  .label = x->label,
                                  .question = x->question,
                                  .confidence = x->confidence,
                                  .level = x->level};
        out[i].text = arena_strndup(&d->arena, x->text, x->len, e);
        out[i].source = out[i].text ? arena_strdup(&d->arena, x->source, e) : NULL;
        if (out[i].source && x->candidate)
            out[i].candidate = arena_strdup(&d->arena, x->candidate, e);
        if (out[i].source && x->alone)
            out[i].alone = arena_strdup(&d->arena, x->alone, e);
        if (out[i].source && x->answer)
            out[i].answer = arena_strdup(&d->arena, x->answer, e);
        if (out[i].source && x->position)
            out[i].position = arena_strdup(&d->arena, x->position, e);
        if ((x->candidate && !out[i].candidate) || (x->alone && !out[i].alone) ||
            (x->answer && !out[i].answer) || (x->position && !out[i].position))
            out[i].source = NULL;
        rc = out[i].source ? example_id(x, out[i].id, &scratch, e) : e->code;
        if (!rc && x->votes) {
            int *votes = arena_alloc(&d->arena, d->votes, sizeof *votes, e);
            if (votes)
                memcpy(votes, x->votes, d->votes * sizeof *votes);
            out[i].votes = votes;
            rc = votes ? OK : e->code;
        }
        if (!rc && x->alternatives)
            rc = alternatives_keep(d, x->alternatives, &out[i], e);
    }
    str_release(&scratch);
    return rc;
}

static void hash_count(struct hash *h, uint64_t x)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(x >> (8 * i));
    hash_add(h, bytes, sizeof bytes);
}

static int part_hash(struct dataset *d, int part, struct err *e)
{
    struct hash *h = hash_new(e);
    if (!h)
        return e->code;
    hash_count(h, d->classes);
    hash_count(h, d->n[part]);
    for (size_t i = 0; i < d->n[part]; i++) {
        const struct example *x = &d->part[part][i];
        hash_add(h, x->id, 16);
        hash_count(h, (uint64_t)x->label);
        hash_count(h, x->len);
        hash_add(h, x->text, x->len);
        /* Truncation shortens the long field: where it is decides what a model reads */
        hash_count(h, x->long_begin);
        hash_count(h, x->long_end);
        if (x->answer) {
            hash_add(h, x->answer, strlen(x->answer) + 1);
            hash_add(h, x->position ? x->position : "", x->position ? strlen(x->position) + 1 : 1);
        }
        for (size_t k = 0; k < x->n_alternatives; k++) {
            const struct reading *a = &x->alternatives[k];
            hash_count(h, a->len);
            hash_add(h, a->text, a->len);
            hash_count(h, a->long_begin);
            hash_count(h, a->long_end);
        }
    }
    hash_end(h, d->part_hash[part]);
    hash_free(h);
    return OK;
}

int examples_questions(const struct example *x, size_t n, size_t *count, struct err *e)
{
    uint64_t *all = mem_alloc(n, sizeof *all, e);
    if (!all)
        return e->code;
    for (size_t i = 0; i < n; i++)
        all[i] = x[i].question;
    *count = order_distinct(all, n);
    mem_free(all);
    return OK;
}

int dataset_hash(struct dataset *d, struct err *e)
{
    for (int part = 0; part < PART_COUNT; part++) {
        int rc = part_hash(d, part, e);
        if (rc)
            return rc;
    }
    return hash_bytes(d->part_hash, sizeof d->part_hash, d->hash, e);
}

int dataset_votes_hash(const struct dataset *d, enum task_part part, size_t vote, char hex[65],
                       struct err *e)
{
    struct hash *h = hash_new(e);
    if (!h)
        return e->code;
    hash_count(h, d->classes);
    for (size_t i = 0; i < d->n[part]; i++) {
        hash_add(h, d->part[part][i].id, 16);
        hash_count(h, (uint64_t)d->part[part][i].votes[vote]);
        hash_count(h, (uint64_t)d->part[part][i].label); /* the job keeps its accuracy */
    }
    hash_end(h, hex);
    hash_free(h);
    return OK;
}

static void dataset_say(const struct dataset *d, const struct task *t, struct log *log)
{
    struct str s = STR_INIT;
    size_t before = 0, after = 0;
    if (!log)
        return;
    str_addf(&s, "task %s: ", t->name);
    str_count(&s, d->rows_read);
    str_cat(&s, " rows");
    if (d->rows_left_out) {
        str_cat(&s, ", ");
        str_count(&s, d->rows_left_out);
        str_cat(&s, " left out by the label rule");
    }
    if (d->duplicates_dropped) {
        str_cat(&s, ", ");
        str_count(&s, d->duplicates_dropped);
        str_cat(&s, " duplicates dropped");
    }
    if (d->straddlers_dropped) {
        str_cat(&s, ", ");
        str_count(&s, d->straddlers_dropped);
        str_cat(&s, " dropped whose question is in a test file");
    }
    for (size_t k = 0; k < d->classes; k++) {
        before += d->class_before[k];
        after += d->class_after[k];
    }
    if (after < before) {
        str_cat(&s, ", ");
        str_count(&s, before - after);
        str_cat(&s, " not used, to make the classes equal");
    }
    if (d->shortened) {
        str_cat(&s, ", ");
        str_count(&s, d->shortened);
        str_addf(&s, " cut to %zu characters", t->max_chars);
    }
    if (!s.failed)
        log_info(log, "%s", s.s);
    str_release(&s);
}

struct source {
    const struct task *t;
    struct str dir;
    struct rows rows;     /* of a task whose examples are drawn, for other label seeds */
    struct drafts drafts; /* as the label seed drew them */
    bool read, short_of;
    uint64_t label;
};

int source_new(struct source **out, const struct task *t, const char *dir, struct err *e)
{
    struct source *s = mem_zalloc(1, sizeof *s, e);
    *out = s;
    if (!s)
        return e->code;
    s->t = t;
    str_init(&s->dir);
    str_cat(&s->dir, dir);
    int rc = str_check(&s->dir, e);
    if (rc) {
        source_free(s);
        *out = NULL;
    }
    return rc;
}

void source_free(struct source *s)
{
    if (!s)
        return;
    drafts_release(&s->drafts);
    rows_release(&s->rows);
    str_release(&s->dir);
    mem_free(s);
}

bool source_short(const struct source *s)
{
    return s->short_of;
}

static int source_read(struct source *s, uint64_t label, struct log *log, struct err *e)
{
    if (s->read && (!spec_draws(s->t) || s->label == label))
        return OK;
    drafts_release(&s->drafts);
    int rc = drafts_make(&s->drafts, s->t, s->dir.s, &s->rows, label, log, e);
    s->read = !rc;
    s->label = label;
    return rc;
}

int source_draw(struct source *s, struct dataset *d, const struct task_sizes *sizes,
                const struct task_seeds *seeds, struct log *log, struct err *e)
{
    const struct task *t = s->t;
    const struct drafts *drafts = &s->drafts;
    struct split split = {.duplicates = 0};
    *d = (struct dataset){.arena = ARENA_INIT,
                          .classes = t->n_classes,
                          .alternatives = t->alternatives,
                          .votes = t->n_votes,
                          .writes = task_writes(t)};
    int rc = source_read(s, seeds->label, log, e);
    if (!rc)
        rc = split_make(&split, &s->drafts, t, sizes, seeds->split, e);
    for (int part = 0; !rc && part < PART_COUNT; part++)
        rc = part_keep(d, drafts, split.taken[part], split.n[part], (enum task_part)part, e);
    if (!rc)
        rc = dataset_hash(d, e);
    if (!rc) {
        d->rows_read = drafts->rows_read;
        d->rows_left_out = drafts->rows_left_out;
        d->examples = drafts->n;
        d->shortened = drafts->shortened;
        d->duplicates_dropped = split.duplicates;
        d->duplicates_in_conflict = split.conflicts;
        d->straddlers_dropped = split.straddlers;
        memcpy(d->class_before, split.class_before, sizeof d->class_before);
        memcpy(d->class_after, split.class_after, sizeof d->class_after);
        dataset_say(d, t, log);
    }
    s->short_of = split.short_of;
    split_release(&split);
    if (rc)
        dataset_release(d);
    return rc ? err_wrap(e, "task %s", t->name) : OK;
}

int dataset_draw(struct dataset *d, const struct task *t, const char *dir,
                 const struct task_sizes *sizes, const struct task_seeds *seeds, struct log *log,
                 struct err *e)
{
    struct source *s;
    int rc = source_new(&s, t, dir, e);
    if (!rc)
        rc = source_draw(s, d, sizes, seeds, log, e);
    source_free(s);
    return rc;
}

void dataset_release(struct dataset *d)
{
    arena_release(&d->arena);
    *d = (struct dataset){.arena = ARENA_INIT};
}
