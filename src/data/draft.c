/* draft.c - rows to examples: the label, the candidate, the text. */
#include "core/hash.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/stop.h"
#include "data/alternatives.h"
#include "data/answer.h"
#include "data/connect.h"
#include "data/draft.h"
#include "data/rule.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct drafter {
    const struct task *t;
    struct drafts *d;
    uint64_t seed;
    enum pool pool;
    const char *name; /* of the file, below the asset's folder */
    size_t rows;      /* of this file */
    size_t file;      /* its number among the task's */
    struct rows *rows_kept;
    struct rows beside; /* of the file that stands beside this one */
    const char *beside_name;
    size_t rows_joined;     /* to rows of this file */
    struct str text, parts; /* scratch */
};

static const char *nth(const char *strings, size_t i)
{
    while (i--)
        strings += strlen(strings) + 1;
    return strings;
}

/* answer_index - which of n options is right; keys, where there are any, are n strings. */
static int answer_index(const struct task *t, const struct place *p, const char *answer,
                        const char *keys, size_t n, size_t *right, struct err *e)
{
    char *end;
    if (t->keys.n) {
        for (*right = 0; *right < n; ++*right)
            if (strcmp(nth(keys, *right), answer) == 0)
                return OK;
        return doc_fail(p->row, e,
                        "\"%s\" is \"%.60s\", which is the key of none of the %zu options",
                        t->answer.f[0]->path, answer, n);
    }
    bool letter = isalpha((unsigned char)*t->first) != 0;
    unsigned long long first = letter ? (unsigned char)*t->first : strtoull(t->first, NULL, 10),
                       given = 0;
    bool good = letter ? answer[0] && !answer[1] : isdigit((unsigned char)*answer) != 0;
    if (good && letter) {
        given = (unsigned char)*answer;
    } else if (good) {
        given = strtoull(answer, &end, 10);
        good = !*end;
    }
    *right = (size_t)(given - first);
    if (good && given >= first && given - first < n)
        return OK;
    if (letter)
        return doc_fail(p->row, e, "\"%s\" is \"%.60s\", wanted %c to %c", t->answer.f[0]->path,
                        answer, (char)first, (char)(first + n - 1));
    return doc_fail(p->row, e, "\"%s\" is \"%.60s\", wanted %llu to %llu", t->answer.f[0]->path,
                    answer, first, first + n - 1);
}

/* mark_read - of one option, whether it is right. */
static int mark_read(const struct task *t, const struct place *p, const char *mark, bool *right,
                     struct err *e)
{
    static const char *const words[2][3] = {{"0", "false", "no"}, {"1", "true", "yes"}};
    for (size_t i = 0; i < 6; i++)
        if (strcmp(mark, words[i / 3][i % 3]) == 0) {
            *right = i / 3;
            return OK;
        }
    return doc_fail(p->row, e, "\"%s\" is \"%.60s\", wanted 0, false, no or 1, true, yes",
                    t->marks.f[0]->path, mark);
}

/* rights_find - which of n options are right: by the marks, or by the answers. */
static int rights_find(struct drafter *r, const struct place *p, const struct str *keys,
                       bool *right, size_t n, struct err *e)
{
    const struct task *t = r->t;
    size_t given = 0, k = 0;
    str_reset(&r->text);
    int rc = value_texts(t->marks.n ? &t->marks : &t->answer, p, &r->text, &given, e);
    if (!rc && t->marks.n && given != n)
        rc = doc_fail(p->row, e, "%zu options and %zu marks", n, given);
    const char *s = r->text.s;
    for (size_t i = 0; !rc && i < given; i++, s += strlen(s) + 1) {
        if (t->marks.n)
            rc = mark_read(t, p, s, &right[i], e);
        else if (!(rc = answer_index(t, p, s, keys->s, n, &k, e)))
            right[k] = true;
    }
    return rc;
}

/* options_sort - into r->parts the right ones of the options, then the others. */
static int options_sort(struct drafter *r, const struct place *p, size_t *n_right, struct err *e)
{
    const struct task *t = r->t;
    struct str options = STR_INIT, keys = STR_INIT;
    size_t n = 0, n_keys = 0;
    bool *right = NULL;
    int rc = value_texts(&t->options, p, &options, &n, e);
    if (!rc && n < 2)
        rc = doc_fail(p->row, e, "%zu options, wanted at least two", n);
    if (!rc)
        rc = value_texts(&t->keys, p, &keys, &n_keys, e);
    if (!rc && t->keys.n && n_keys != n)
        rc = doc_fail(p->row, e, "%zu options and %zu keys", n, n_keys);
    if (!rc && !(right = mem_zalloc(n, sizeof *right, e)))
        rc = e->code;
    if (!rc)
        rc = rights_find(r, p, &keys, right, n, e);
    for (size_t pass = 0; !rc && pass < 2; pass++)
        for (size_t i = 0; i < n; i++)
            if (right[i] == !pass) {
                str_catn(&r->parts, nth(options.s, i), strlen(nth(options.s, i)) + 1);
                *n_right += !pass;
            }
    mem_free(right);
    str_release(&options);
    str_release(&keys);
    return rc;
}

/* candidates_get - into r->parts the right answers, then all wrong ones; each ends in a NUL. */
static int candidates_get(struct drafter *r, const struct place *p, size_t *right, struct err *e)
{
    const struct task *t = r->t;
    size_t wrong;
    *right = 0;
    str_reset(&r->parts);
    if (!t->correct.n)
        return options_sort(r, p, right, e);
    int rc = value_texts(&t->correct, p, &r->parts, right, e);
    return rc ? rc : value_texts(&t->wrong, p, &r->parts, &wrong, e);
}

/* stream_open - the label seed's stream that is named by what stands in r->parts, so that a draw
 * does not hang on the rows around it. */
static int stream_open(struct drafter *r, struct rng *rng, struct err *e)
{
    char hex[HASH_HEX], stream[16 + sizeof hex];
    int rc = str_check(&r->parts, e);
    if (!rc)
        rc = hash_bytes(r->parts.s, r->parts.len, hex, e);
    if (rc)
        return rc;
    snprintf(stream, sizeof stream, "label:%s", hex);
    rng_init(rng, r->seed, stream);
    return OK;
}

static bool among(const char *strings, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++, strings += strlen(strings) + 1)
        if (strcmp(strings, s) == 0)
            return true;
    return false;
}

/* candidate_draw - with probability 1/2 a right answer, else one of the wrong ones. */
static int candidate_draw(struct drafter *r, const struct place *p, int *label,
                          const char **candidate, struct err *e)
{
    struct rng rng;
    size_t rights = 0, good = 0;
    int rc = candidates_get(r, p, &rights, e);
    size_t end = r->parts.len;
    if (!rc)
        rc = value_text(r->t->question, p, &r->parts, e);
    for (size_t i = 0; !rc && i < r->t->group.n; i++) {
        str_addc(&r->parts, '\x1f');
        rc = value_text(r->t->group.f[i], p, &r->parts, e);
    }
    if (!rc)
        rc = stream_open(r, &rng, e);
    if (rc)
        return rc;
    const char *right = r->parts.s, *first = nth(right, rights);
    /* A distractor that is the right answer once more would be called wrong */
    for (const char *s = first; s < r->parts.s + end; s += strlen(s) + 1)
        good += !among(right, rights, s);
    if (!good || !rights) {
        *label = LEFT_OUT;
        return OK;
    }
    *label = (int)(rng_u32(&rng) >> 31);
    if (*label == 1) {
        *candidate = nth(right, rights > 1 ? rng_below(&rng, rights) : 0);
        return OK;
    }
    size_t k = rng_below(&rng, good);
    for (const char *s = first;; s += strlen(s) + 1)
        if (!among(right, rights, s) && k-- == 0) {
            *candidate = s;
            return OK;
        }
}

/* alternatives_draw - all candidates in an order of chance; *label: the place of the right one. A
 * row whose right answer is there twice, or which has several, is left out. */
static int alternatives_draw(struct drafter *r, const struct place *p, int *label,
                             const char *order[TASK_CLASSES], struct err *e)
{
    const struct task *t = r->t;
    struct rng rng;
    size_t rights = 0, n = 0, place[TASK_CLASSES];
    int rc = candidates_get(r, p, &rights, e);
    size_t end = r->parts.len;
    if (!rc && t->question)
        rc = value_text(t->question, p, &r->parts, e);
    if (!rc)
        rc = stream_open(r, &rng, e);
    if (rc)
        return rc;
    const char *right = r->parts.s;
    for (const char *s = right; s < r->parts.s + end; s += strlen(s) + 1, n++)
        if (n < t->alternatives)
            order[n] = s;
    if (n != t->alternatives)
        return doc_fail(p->row, e,
                        "the answers, right and wrong, are %zu, wanted %zu (\"alternatives\")", n,
                        t->alternatives);
    *label = LEFT_OUT;
    if (rights != 1 || among(order[1], n - 1, right))
        return OK;
    for (size_t i = 0; i < n; i++)
        place[i] = i;
    rng_shuffle(&rng, place, n);
    const char *drawn[TASK_CLASSES];
    for (size_t i = 0; i < n; i++) {
        drawn[i] = order[place[i]];
        if (place[i] == 0)
            *label = (int)i;
    }
    memcpy(order, drawn, n * sizeof *order);
    return OK;
}

/* order_draw - with probability 1/2 the better text first (label 1), else second. */
static int order_draw(struct drafter *r, const struct place *p, int *label, const char *slot[SLOTS],
                      struct err *e)
{
    struct rng rng;
    str_reset(&r->parts);
    int rc = value_text(r->t->better, p, &r->parts, e);
    str_catn(&r->parts, "", 1);
    size_t worse = r->parts.len;
    if (!rc)
        rc = value_text(r->t->worse, p, &r->parts, e);
    if (!rc)
        rc = stream_open(r, &rng, e);
    if (rc)
        return rc;
    *label = strcmp(r->parts.s, r->parts.s + worse) == 0 ? LEFT_OUT : (int)(rng_u32(&rng) >> 31);
    slot[*label == 1 ? SLOT_FIRST : SLOT_SECOND] = r->parts.s;
    slot[*label == 1 ? SLOT_SECOND : SLOT_FIRST] = r->parts.s + worse;
    return OK;
}

/* shorten - cut s[begin..) from its left to max code points. */
static bool shorten(struct str *s, size_t begin, size_t max)
{
    size_t points = 0, cut = begin;
    for (size_t i = begin; i < s->len; i++)
        points += ((unsigned char)s->s[i] & 0xC0) != 0x80;
    if (points <= max)
        return false;
    for (size_t drop = points - max; cut < s->len; cut++)
        if (((unsigned char)s->s[cut] & 0xC0) != 0x80 && drop-- == 0)
            break;
    memmove(s->s + begin, s->s + cut, s->len - cut + 1);
    s->len -= cut - begin;
    return true;
}

static int render(struct drafter *r, const struct place *p, const char *const slot[SLOTS],
                  struct draft *x, struct err *e)
{
    const struct task *t = r->t;
    size_t i, begin;
    int rc = OK;
    str_reset(&r->text);
    for (i = 0; i < t->n_pieces; i++) {
        const struct piece *piece = &t->pieces[i];
        begin = r->text.len;
        if (piece->text)
            str_cat(&r->text, piece->text);
        else if (piece->field)
            rc = value_text(piece->field, p, &r->text, e);
        else
            str_cat(&r->text, slot[piece->slot]);
        if (!rc)
            rc = str_check(&r->text, e);
        if (rc)
            return rc;
        if (i == t->long_piece) {
            r->d->shortened += t->max_chars && shorten(&r->text, begin, t->max_chars);
            x->long_begin = begin;
            x->long_end = r->text.len;
        }
    }
    x->len = r->text.len;
    if (t->long_piece == t->n_pieces)
        x->long_end = x->len;
    if (!x->len)
        return doc_fail(p->row, e, "the example is empty: no field of the template has text in it");
    x->text = arena_strndup(&r->d->arena, r->text.s, r->text.len, e);
    return x->text ? OK : e->code;
}

/* alternatives_render - each candidate in the template. Where no field is the long one, it is the
 * lines that all begin with. */
static int alternatives_render(struct drafter *r, const struct place *p,
                               const char *const candidates[TASK_CLASSES], struct draft *x,
                               struct err *e)
{
    const struct task *t = r->t;
    struct reading *a = arena_alloc(&r->d->arena, t->alternatives, sizeof *a, e);
    int rc = a ? OK : e->code;
    for (size_t k = 0; !rc && k < t->alternatives; k++) {
        const char *const slot[SLOTS] = {[SLOT_CANDIDATE] = candidates[k]};
        rc = render(r, p, slot, x, e);
        a[k] = (struct reading){x->text, x->len, x->long_begin, x->long_end, (double)NAN};
    }
    if (rc)
        return rc;
    size_t shared = alternatives_shared(a, t->alternatives);
    for (size_t k = 0; t->long_piece == t->n_pieces && k < t->alternatives; k++)
        a[k].long_end = shared;
    x->alternatives = a;
    return alternatives_name(x, t->alternatives, &r->d->arena, e);
}

/* group_set - the question: the fields of "group" (those of which any will do are looked at by
 * drafts_connect), else the choice's question, else what the alternatives share or are, else the
 * text itself. Texts that are all empty join nothing: the next of these is it. */
static int group_set(struct drafter *r, const struct place *p, struct draft *x, struct err *e)
{
    const struct task *t = r->t;
    int rc = OK;
    bool empty = !t->group_any;
    str_reset(&r->text);
    for (size_t i = 0; !rc && i < t->group.n; i++) {
        size_t begin = r->text.len;
        rc = value_text(t->group.f[i], p, &r->text, e);
        empty = empty && r->text.len == begin;
        str_addc(&r->text, CONNECT_END);
    }
    if (!rc && empty) {
        str_reset(&r->text);
        rc = t->question ? value_text(t->question, p, &r->text, e) : OK;
    }
    if (!rc)
        rc = str_check(&r->text, e);
    if (rc)
        return rc;
    if (!r->text.len) {
        size_t shared = x->alternatives ? alternatives_shared(x->alternatives, t->alternatives) : 0;
        x->group = shared ? arena_strndup(&r->d->arena, x->text, shared, e) : x->key;
        return x->group ? OK : e->code;
    }
    x->group = arena_strndup(&r->d->arena, r->text.s, r->text.len, e);
    return x->group ? OK : e->code;
}

/* parts_set - what of the example is looked at alone. */
static int parts_set(struct drafter *r, const struct place *p, const char *candidate,
                     struct draft *x, struct err *e)
{
    const struct field_list *l = &r->t->alone;
    int rc = OK;
    if (candidate && !(x->candidate = arena_strdup(&r->d->arena, candidate, e)))
        return e->code;
    str_reset(&r->text);
    for (size_t i = 0; !rc && i < l->n; i++) {
        if (i)
            str_addc(&r->text, ' ');
        rc = value_text(l->f[i], p, &r->text, e);
    }
    if (!rc && l->n && !(x->alone = arena_strdup(&r->d->arena, r->text.s, e)))
        rc = e->code;
    return rc;
}

/* votes_read - what each of the task's voters says of the row. */
static int votes_read(struct drafter *r, const struct place *p, struct draft *x, struct err *e)
{
    const struct task *t = r->t;
    double unused;
    int rc = OK;
    x->votes = arena_alloc(&r->d->arena, t->n_votes, sizeof *x->votes, e);
    if (!x->votes)
        return e->code;
    for (size_t i = 0; !rc && i < t->n_votes; i++)
        rc = rule_class(t, &t->votes[i].rule, p, &r->parts, &x->votes[i], &unused, e);
    return rc;
}

/* answer_read - what is to be written, and of a move where: it is legal there. */
static int answer_read(struct drafter *r, const struct place *p, struct draft *x, struct err *e)
{
    const struct task *t = r->t;
    struct example of = {.answer = NULL};
    str_reset(&r->parts);
    int rc = value_text(t->written, p, &r->parts, e);
    if (!rc)
        rc = str_check(&r->parts, e);
    if (!rc && !r->parts.len)
        rc = doc_fail(p->row, e, "\"%s\" is empty, wanted an answer", t->written->path);
    if (!rc && !(x->answer = arena_strdup(&r->d->arena, r->parts.s, e)))
        rc = e->code;
    str_reset(&r->parts);
    if (!rc && t->position) {
        rc = value_one(t->position, p, &r->parts, e);
        if (!rc && !(x->position = arena_strdup(&r->d->arena, r->parts.s, e)))
            rc = e->code;
        of.answer = x->answer, of.position = x->position;
        if (!rc && (rc = answer_check(&of, e)))
            err_wrap(e, "%s:%d", p->row->file, p->row->line);
    }
    return rc;
}

static int draft_add(void *ctx, const struct place *p, struct err *e)
{
    struct drafter *r = ctx;
    const struct task *t = r->t;
    struct drafts *d = r->d;
    const char *slot[SLOTS] = {NULL}, *order[TASK_CLASSES];
    struct draft x = {
        .confidence = (double)NAN, .level = (double)NAN, .pool = r->pool, .seq = d->n};
    int rc;
    d->rows_read++;
    r->rows++;
    if (t->kind == KIND_CHOICE && t->alternatives)
        rc = alternatives_draw(r, p, &x.label, order, e);
    else if (t->kind == KIND_PREFERENCE)
        rc = value_number(t->rating, p, &r->parts, &x.confidence, e);
    else if (t->kind == KIND_CHOICE)
        rc = candidate_draw(r, p, &x.label, &slot[SLOT_CANDIDATE], e);
    else if (t->kind == KIND_ORDER)
        rc = order_draw(r, p, &x.label, slot, e);
    else if (t->kind == KIND_GENERATION)
        rc = answer_read(r, p, &x, e);
    else
        rc = rule_class(t, &t->label, p, &r->parts, &x.label, &x.confidence, e);
    if (!rc && x.label == LEFT_OUT) {
        d->rows_left_out++;
        return OK;
    }
    if (!rc && t->level)
        rc = value_number(t->level, p, &r->parts, &x.level, e);
    if (!rc && t->kind == KIND_CHOICE && t->alternatives)
        rc = alternatives_render(r, p, order, &x, e);
    else if (!rc)
        rc = render(r, p, slot, &x, e);
    if (!rc && !x.key)
        x.key = x.text;
    if (!rc)
        rc = parts_set(r, p, slot[SLOT_CANDIDATE], &x, e);
    if (!rc && t->confidence)
        rc = value_number(t->confidence, p, &r->parts, &x.confidence, e);
    if (!rc && t->confidence)
        x.confidence = fabs(x.confidence);
    if (!rc && t->n_votes)
        rc = votes_read(r, p, &x, e);
    if (!rc)
        rc = group_set(r, p, &x, e);
    if (rc)
        return rc;
    str_reset(&r->text);
    str_addf(&r->text, "%s:%d", r->name, p->row->line);
    rc = str_check(&r->text, e);
    if (!rc && !(x.source = arena_strndup(&d->arena, r->text.s, r->text.len, e)))
        rc = e->code;
    if (!rc)
        rc = mem_grow(&d->a, &d->cap, d->n + 1, sizeof *d->a, e);
    if (!rc)
        d->a[d->n++] = x;
    return rc;
}

struct kept {
    const struct doc *row;
    size_t file; /* number of the file among the task's */
};

static struct doc *row_copy(struct arena *a, const struct doc *from, const char *file,
                            struct err *e)
{
    struct doc *to = arena_alloc(a, 1, sizeof *to, e);
    if (!to)
        return NULL;
    *to = *from;
    to->file = file;
    to->child = to->next = NULL;
    if ((from->key && !(to->key = arena_strdup(a, from->key, e))) ||
        (from->s && !(to->s = arena_strndup(a, from->s, from->len, e))))
        return NULL;
    struct doc **last = &to->child;
    for (const struct doc *c = from->child; c; c = c->next, last = &(*last)->next)
        if (!(*last = row_copy(a, c, file, e)))
            return NULL;
    return to;
}

static int row_keep(struct rows *rows, size_t of, const struct doc *row, struct err *e)
{
    const char *file = rows->n ? rows->a[rows->n - 1].row->file : NULL;
    if (row->file && (!file || strcmp(file, row->file) != 0) &&
        !(file = arena_strdup(&rows->arena, row->file, e)))
        return e->code;
    int rc = mem_grow(&rows->a, &rows->cap, rows->n + 1, sizeof *rows->a, e);
    if (rc)
        return rc;
    const struct doc *copy = row_copy(&rows->arena, row, row->file ? file : NULL, e);
    if (!copy)
        return e->code;
    rows->a[rows->n++] = (struct kept){copy, of};
    return OK;
}

void rows_release(struct rows *rows)
{
    arena_release(&rows->arena);
    mem_free(rows->a);
    *rows = (struct rows){.arena = ARENA_INIT};
}

/* row_join - the row, with the next one of the file beside it as its value "beside". */
static int row_join(struct drafter *r, const struct doc *row, struct doc joined[2], struct err *e)
{
    const struct rows *beside = &r->beside;
    if (row->type != DOC_MAP)
        return doc_fail(row, e, "the row is a %s; beside another file, wanted a map",
                        doc_type_name(row->type));
    if (r->rows_joined == beside->n)
        return doc_fail(row, e, "%s beside it has no more than %zu rows", r->beside_name,
                        beside->n);
    joined[1] = *beside->a[r->rows_joined++].row;
    joined[1].key = "beside";
    joined[1].next = row->child;
    joined[0] = *row;
    joined[0].child = &joined[1];
    joined[0].n++;
    return OK;
}

static int row_add(void *ctx, const struct doc *row, struct err *e);

static int row_add_joined(void *ctx, const struct doc *row, struct err *e)
{
    struct doc joined[2];
    int rc = row_join(ctx, row, joined, e);
    return rc ? rc : row_add(ctx, joined, e);
}

static int row_beside(void *ctx, const struct doc *row, struct err *e)
{
    struct drafter *r = ctx;
    return row_keep(&r->beside, 0, row, e);
}

static int row_add(void *ctx, const struct doc *row, struct err *e)
{
    struct drafter *r = ctx;
    int rc = stop_check(e);
    if (!rc && spec_draws(r->t) && !r->rows_kept->whole)
        rc = row_keep(r->rows_kept, r->file, row, e);
    return rc ? rc : value_each(r->t->each, row, draft_add, r, e);
}

/* kept_add - the rows of one file, as they were read; *at: the next one. */
static int kept_add(struct drafter *r, const char *name, size_t *at, struct err *e)
{
    const struct rows *rows = r->rows_kept;
    int rc = OK;
    r->name = name;
    for (; !rc && *at < rows->n && rows->a[*at].file == r->file; ++*at)
        rc = row_add(r, rows->a[*at].row, e);
    return rc;
}

static int file_path(struct str *path, const char *dir, const char *name, struct err *e)
{
    if (*name == '/')
        str_cat(path, name);
    else
        str_path(path, dir, name);
    return str_check(path, e);
}

/* beside_read - all rows of the file that stands beside. */
static int beside_read(struct drafter *r, const char *dir, const char *name, struct log *log,
                       struct err *e)
{
    struct str path = STR_INIT;
    struct table_settings s = {.encoding = r->t->table.encoding, .name = name, .log = log};
    rows_release(&r->beside);
    r->beside_name = name;
    r->rows_joined = 0;
    int rc = file_path(&path, dir, name, e);
    if (!rc)
        rc = table_read(path.s, &s, row_beside, r, e);
    str_release(&path);
    return rc;
}

static int file_add(struct drafter *r, const char *dir, const struct data_file *f, struct log *log,
                    struct err *e)
{
    struct str path = STR_INIT;
    struct table_settings s = r->t->table;
    r->name = s.name = f->rows;
    s.log = log;
    r->rows = 0;
    int rc = f->beside ? beside_read(r, dir, f->beside, log, e) : OK;
    if (!rc)
        rc = file_path(&path, dir, f->rows, e);
    if (!rc)
        rc = table_read(path.s, &s, f->beside ? row_add_joined : row_add, r, e);
    if (!rc && !r->rows)
        rc = err_set(e, ERR_INPUT, "%s: no rows", f->rows);
    if (!rc && f->beside && r->rows_joined != r->beside.n)
        rc = err_set(e, ERR_INPUT, "%s: %zu rows, and %s beside it has %zu", f->rows,
                     r->rows_joined, f->beside, r->beside.n);
    str_release(&path);
    return rc;
}

int drafts_make(struct drafts *d, const struct task *t, const char *dir, struct rows *rows,
                uint64_t label_seed, struct log *log, struct err *e)
{
    struct drafter r = {
        .t = t, .d = d, .seed = label_seed, .rows_kept = rows, .text = STR_INIT, .parts = STR_INIT};
    size_t at = 0;
    int rc = OK;
    *d = (struct drafts){.arena = ARENA_INIT};
    for (int pool = 0; !rc && pool < POOL_COUNT; pool++) {
        r.pool = (enum pool)pool;
        for (size_t i = 0; !rc && i < t->n_files[pool]; i++, r.file++)
            rc = rows->whole ? kept_add(&r, t->files[pool][i].rows, &at, e)
                             : file_add(&r, dir, &t->files[pool][i], log, e);
    }
    if (!rc && t->kind == KIND_PREFERENCE)
        rc = drafts_pair(d, t->gap, label_seed, e);
    else if (!rc && t->group_any)
        rc = drafts_connect(d, e);
    rows->whole = rows->whole || (!rc && spec_draws(t));
    if (!rows->whole)
        rows_release(rows);
    rows_release(&r.beside);
    str_release(&r.text);
    str_release(&r.parts);
    return rc;
}

void drafts_release(struct drafts *d)
{
    arena_release(&d->arena);
    mem_free(d->a);
    *d = (struct drafts){.arena = ARENA_INIT};
}
