/* answers.c - see answers.h. */
#include "lab/answers.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/answer.h"

#include <math.h>
#include <string.h>

int answers_init(struct answers *a, size_t n, struct err *e)
{
    *a = (struct answers){.arena = ARENA_INIT, .n = n};
    a->a = mem_zalloc(n, sizeof *a->a, e);
    return a->a ? OK : e->code;
}

int answers_add(struct answers *a, size_t i, const struct example *x, const char *text,
                struct err *e)
{
    struct answer_verdict v = answer_judge(x, text, strlen(text));
    a->a[i] = (struct said){arena_strdup(&a->arena, text, e), v.right, v.legal};
    return a->a[i].text ? OK : e->code;
}

void answers_release(struct answers *a)
{
    arena_release(&a->arena);
    mem_free(a->a);
    *a = (struct answers){.arena = ARENA_INIT};
}

double answers_right(const struct answers *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++)
        n += a->a[i].right;
    return a->n ? (double)n / (double)a->n : (double)NAN;
}

double answers_legal(const struct answers *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++)
        n += a->a[i].legal;
    return a->n ? (double)n / (double)a->n : (double)NAN;
}

void options_release(struct options *o)
{
    mem_free(o->tokens);
    mem_free(o->starts);
    *o = (struct options){NULL, NULL, 0};
}

int options_make(struct options *o, const struct answer_writer *as, const struct example *x,
                 struct err *e)
{
    struct str spelled = STR_INIT;
    struct token_ids ids = {NULL, 0, 0};
    size_t n = 0;
    int rc = answer_options(x, &spelled, &n, e);
    if (!rc && !(o->starts = mem_zalloc(n + 1, sizeof *o->starts, e)))
        rc = e->code;
    const char *s = spelled.s;
    for (; !rc && o->n < n; s += strlen(s) + 1) {
        rc = answer_encode(as, s, strlen(s), &ids, e);
        o->starts[++o->n] = ids.n;
    }
    o->tokens = ids.ids;
    str_release(&spelled);
    return rc;
}

bool answers_same(const struct said *a, const struct said *b)
{
    return (a->right && b->right) || strcmp(a->text, b->text) == 0;
}

int answers_write(const struct answers *a, const struct example *x, const char *path, struct err *e)
{
    struct str out = STR_INIT;
    for (size_t i = 0; i < a->n; i++) {
        struct js w;
        js_init(&w, &out);
        js_open(&w, '{');
        js_key(&w, "id"), js_str(&w, x[i].id);
        js_key(&w, "answer"), js_str(&w, a->a[i].text);
        js_key(&w, "right"), js_bool(&w, a->a[i].right);
        js_key(&w, "legal"), js_bool(&w, a->a[i].legal);
        js_close(&w, '}');
        str_addc(&out, '\n');
    }
    int rc = str_check(&out, e);
    if (!rc)
        rc = file_write(path, out.s, out.len, e);
    str_release(&out);
    return rc;
}

struct reading_of {
    struct answers *to;
    const struct example *x;
};

static int answer_row(void *ctx, size_t i, const struct doc *row, struct err *e)
{
    const struct reading_of *r = ctx;
    const char *text;
    int rc = doc_str(row, "answer", &text, e);
    return rc ? rc : answers_add(r->to, i, &r->x[i], text, e);
}

int job_answers(const struct plan *p, const struct job *j, enum task_part part, struct answers *out,
                struct err *e)
{
    const struct dataset *d = &p->data[j->repetition];
    struct reading_of r = {out, d->part[part]};
    int rc = answers_init(out, d->n[part], e);
    if (!rc)
        rc = job_lines(p, j, part, answer_row, &r, e);
    if (rc)
        answers_release(out);
    return rc;
}
