/* describe_print.c - a description for people and for programs. */
#include "data/describe.h"
#include "data/prompt.h"

#include <math.h>
#include <string.h>

static const char *const part_names[PART_COUNT] = {"supervise", "train", "valid", "test"};

/* column - n with thousands set off, right in width. */
static void column(struct str *out, size_t n, size_t width)
{
    struct str number = STR_INIT;
    str_count(&number, n);
    str_addf(out, "%*s", (int)width, number.s);
    out->failed = out->failed || number.failed;
    str_release(&number);
}

static void fate(struct str *out, size_t n, const char *what)
{
    if (!n)
        return;
    column(out, n, 12);
    str_addf(out, "  %s\n", what);
}

static void source_print(const struct task *t, const struct dataset *d, struct str *out)
{
    size_t before = 0, after = 0;
    str_addf(out, "%s: %s\n%s\nlicence: %s\n", task_name(t), task_title(t), task_citation(t),
             task_licence(t));
    if (task_source_name(t))
        str_addf(out, "source: %s\n", task_source_name(t));
    str_addc(out, '\n');
    for (size_t k = 0; k < d->classes; k++) {
        before += d->class_before[k];
        after += d->class_after[k];
    }
    fate(out, d->rows_read, "rows read");
    fate(out, d->rows_left_out, "left out by the label rule");
    fate(out, d->duplicates_dropped, "dropped: the text was there before");
    fate(out, d->duplicates_in_conflict, "of these with another label than the first");
    fate(out, d->straddlers_dropped, "dropped: the question is in a test or validation file");
    fate(out, before - after, "not used, to make the classes equal");
    fate(out, d->shortened, "cut from the left of the long field by max_chars");
}

static size_t class_width(const struct task *t, size_t k)
{
    size_t n = strlen(task_class_name(t, k));
    return n < 8 ? 10 : n + 2;
}

static void parts_print(const struct description *a, const struct task *t, const struct dataset *d,
                        struct str *out)
{
    str_addf(out, "\n%-10s%10s%11s", "part", "examples", "questions");
    for (size_t k = 0; k < d->classes; k++)
        str_addf(out, "%*s", (int)class_width(t, k), task_class_name(t, k));
    str_addf(out, "%10s%8s%8s\n", "constant", "shared", "alike");
    for (int p = 0; p < PART_COUNT; p++) {
        const struct part_description *x = &a->part[p];
        if (!x->n)
            continue;
        str_addf(out, "%-10s", part_names[p]);
        column(out, x->n, 10);
        column(out, x->questions, 11);
        for (size_t k = 0; k < d->classes; k++)
            column(out, x->class[k], class_width(t, k));
        str_addf(out, "%8.1f %%", 100 * x->constant_accuracy);
        column(out, x->same_text, 8);
        column(out, x->same_words, 8);
        str_addc(out, '\n');
    }
    str_cat(out, "constant: accuracy of one answer to all; shared: texts that another part has "
                 "too; alike: the same but\n"
                 "for case and punctuation\n");
}

static void tokens_print(const struct description *a, const struct dataset *d, struct str *out)
{
    str_addf(out, "\n%-10s%10s%10s%8s%8s%10s%11s%10s\n", "tokens", "all", "shortest", "median",
             "95 %", "longest", "truncated", "cut off");
    for (int p = 0; p < PART_COUNT; p++) {
        const struct part_description *x = &a->part[p];
        if (!x->n)
            continue;
        str_addf(out, "%-10s", part_names[p]);
        column(out, x->tokens, 10);
        column(out, x->shortest, 10);
        column(out, x->median, 8);
        column(out, x->p95, 8);
        column(out, x->longest, 10);
        column(out, d->cut[p], 11);
        column(out, d->cut_chars[p], 10);
        str_addc(out, '\n');
    }
    if (d->max_tokens)
        str_addf(out,
                 "truncated: examples longer than %zu tokens, cut from the left of their long "
                 "field; cut off: characters\n",
                 d->max_tokens - d->answer_tokens);
    if (d->answer_tokens)
        str_addf(out, "of %zu tokens %zu are kept for the answer and its end\n", d->max_tokens,
                 d->answer_tokens);
}

static enum task_part shown_part(const struct dataset *d)
{
    static const enum task_part order[] = {PART_TEST, PART_SUPERVISE, PART_TRAIN, PART_VALID};
    for (int i = 0; i < PART_COUNT; i++)
        if (d->n[order[i]])
            return order[i];
    return PART_TEST;
}

/* asking_print - what a model reads behind an example where it is asked, and the words it may say.
 */
static void asking_print(const struct task *t, struct str *out)
{
    struct asking a;
    if (task_alternatives(t) || task_writes(t))
        return;
    task_asking(t, &a);
    str_cat(out, "\nto a model that is asked (learner: prompt):\n");
    if (*a.instruction)
        str_addf(out, "    %s\n", a.instruction);
    str_addf(out, "    %s", a.ask);
    for (size_t k = 0; k < a.n_words; k++)
        str_addf(out, "%s%s", k ? " |" : "", a.words[k]);
    str_addc(out, '\n');
}

static void examples_print(const struct task *t, const struct dataset *d, size_t show,
                           struct str *out)
{
    enum task_part part = shown_part(d);
    for (size_t i = 0; i < show && i < d->n[part]; i++) {
        const struct example *x = &d->part[part][i];
        str_addf(out, "\n%s, %s %zu, %s",
                 x->answer ? x->answer : task_class_name(t, (size_t)x->label), part_names[part],
                 i + 1, x->source);
        if (x->answer && !isnan(x->level))
            str_addf(out, ", level %g", x->level);
        if (!isnan(x->confidence))
            str_addf(out, ", confidence %.3g", x->confidence);
        str_cat(out, "\n    ");
        for (size_t k = 0; k < x->len; k++) {
            str_addc(out, x->text[k]);
            if (x->text[k] == '\n')
                str_cat(out, "    ");
        }
        str_addc(out, '\n');
    }
}

void description_print(const struct description *a, const struct task *t, const struct dataset *d,
                       size_t show, struct str *out)
{
    source_print(t, d, out);
    parts_print(a, t, d, out);
    if (a->tokenized)
        tokens_print(a, d, out);
    examples_print(t, d, show, out);
    if (show)
        asking_print(t, out);
}

static void key_count(struct js *j, const char *key, size_t n)
{
    js_key(j, key);
    js_int(j, (int64_t)n);
}

static void key_str(struct js *j, const char *key, const char *s)
{
    js_key(j, key);
    js_str(j, s);
}

static void part_json(struct js *j, const struct description *a, const struct part_description *x,
                      const struct dataset *d)
{
    js_open(j, '{');
    key_count(j, "examples", x->n);
    key_count(j, "questions", x->questions);
    js_key(j, "classes");
    js_open(j, '[');
    for (size_t k = 0; k < d->classes; k++)
        js_int(j, (int64_t)x->class[k]);
    js_close(j, ']');
    js_key(j, "constant_accuracy");
    js_real(j, x->constant_accuracy);
    key_count(j, "shared", x->same_text);
    key_count(j, "alike", x->same_words);
    if (a->tokenized) {
        key_count(j, "tokens", x->tokens);
        key_count(j, "shortest", x->shortest);
        key_count(j, "median", x->median);
        key_count(j, "p95", x->p95);
        key_count(j, "longest", x->longest);
        key_count(j, "truncated", d->cut[x - a->part]);
        key_count(j, "cut_chars", d->cut_chars[x - a->part]);
    }
    js_close(j, '}');
}

static void source_json(struct js *j, const struct dataset *d)
{
    key_count(j, "rows", d->rows_read);
    key_count(j, "left_out", d->rows_left_out);
    key_count(j, "duplicates", d->duplicates_dropped);
    key_count(j, "duplicates_in_conflict", d->duplicates_in_conflict);
    key_count(j, "straddlers", d->straddlers_dropped);
    key_count(j, "shortened", d->shortened);
    for (int after = 0; after < 2; after++) {
        js_key(j, after ? "classes_balanced" : "classes_found");
        js_open(j, '[');
        for (size_t k = 0; k < d->classes; k++)
            js_int(j, (int64_t)(after ? d->class_after[k] : d->class_before[k]));
        js_close(j, ']');
    }
    key_str(j, "hash", d->hash);
}

void description_json(const struct description *a, const struct task *t, const struct dataset *d,
                      size_t show, struct str *out)
{
    struct js j;
    enum task_part part = shown_part(d);
    js_init(&j, out);
    js_open(&j, '{');
    key_str(&j, "name", task_name(t));
    key_str(&j, "title", task_title(t));
    key_str(&j, "citation", task_citation(t));
    key_str(&j, "licence", task_licence(t));
    if (task_source_name(t))
        key_str(&j, "source", task_source_name(t));
    js_key(&j, "class_names");
    js_open(&j, '[');
    for (size_t k = 0; k < d->classes; k++)
        js_str(&j, task_class_name(t, k));
    js_close(&j, ']');
    source_json(&j, d);
    key_count(&j, "max_tokens", d->max_tokens);
    js_key(&j, "parts");
    js_open(&j, '{');
    for (int p = 0; p < PART_COUNT; p++) {
        js_key(&j, part_names[p]);
        part_json(&j, a, &a->part[p], d);
    }
    js_close(&j, '}');
    js_key(&j, "examples");
    js_open(&j, '[');
    for (size_t i = 0; i < show && i < d->n[part]; i++) {
        const struct example *x = &d->part[part][i];
        js_open(&j, '{');
        key_str(&j, "part", part_names[part]);
        key_str(&j, "id", x->id);
        key_str(&j, "source", x->source);
        if (x->answer)
            key_str(&j, "answer", x->answer);
        else
            key_str(&j, "class", task_class_name(t, (size_t)x->label));
        js_key(&j, "confidence");
        js_real(&j, x->confidence);
        key_str(&j, "text", x->text);
        js_close(&j, '}');
    }
    js_close(&j, ']');
    js_close(&j, '}');
    str_addc(out, '\n');
}
