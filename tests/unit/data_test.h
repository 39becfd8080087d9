/* data_test.h - what the tests of the data room share: a scratch folder, files in it, rows as lines
 * of text, errors. */
#ifndef W2S_TESTS_DATA_TEST_H
#define W2S_TESTS_DATA_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "unit/scratch.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void put_bytes(const char *name, const void *data, size_t n)
{
    struct err e = ERR_INIT;
    if (file_write(in_scratch(name), data, n, &e))
        fail_msg("%s", e.msg);
}

static inline void put(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

/* row_line - "line: key=value, key=value" of a row; a list's elements have their number as key. */
static inline int row_line(void *ctx, const struct doc *row, struct err *e)
{
    struct str *out = ctx;
    (void)e;
    str_addf(out, "%d:", row->line);
    size_t i = 0;
    for (const struct doc *d = row->child; d; d = d->next, i++) {
        if (d->key)
            str_addf(out, " %s=", d->key);
        else
            str_addf(out, " %zu=", i);
        if (d->type == DOC_STRING)
            str_catn(out, d->s, d->len);
        else if (d->type == DOC_INT)
            str_addf(out, "%lld", (long long)d->i);
        else
            str_addf(out, "<%s>", doc_type_name(d->type));
    }
    str_cat(out, "|");
    return OK;
}

/* rows_are - the rows of a file in scratch, as row_line writes them. */
static inline void rows_are(const char *name, const struct table_settings *s, const char *wanted)
{
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    if (table_read(in_scratch(name), s, row_line, &out, &e))
        fail_msg("%s", e.msg);
    assert_string_equal(out.s, wanted);
    str_release(&out);
}

/* sentence_is - the sentence, with the scratch folder's path taken out of it. */
static inline void sentence_is(const struct err *e, const char *wanted)
{
    char text[sizeof e->msg], *w = text;
    size_t n = strlen(scratch);
    for (const char *s = e->msg; *s;) {
        if (strncmp(s, scratch, n) == 0 && s[n] == '/')
            s += n + 1;
        else
            *w++ = *s++;
    }
    *w = '\0';
    assert_string_equal(text, wanted);
}

static inline void rows_fail(const char *name, const struct table_settings *s, const char *wanted)
{
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    assert_int_equal(table_read(in_scratch(name), s, row_line, &out, &e), ERR_INPUT);
    sentence_is(&e, wanted);
    str_release(&out);
}

/* draw - task file text, its data in scratch; fails the test where it cannot. */
static inline struct task *task_of(const char *yaml)
{
    struct err e = ERR_INIT;
    struct task *t = NULL;
    put("task.yaml", yaml);
    if (task_read(&t, in_scratch("task.yaml"), &e))
        fail_msg("%s", e.msg);
    return t;
}

static inline void task_fails(const char *yaml, const char *wanted)
{
    struct err e = ERR_INIT;
    struct task *t = NULL;
    put("task.yaml", yaml);
    assert_int_equal(task_read(&t, in_scratch("task.yaml"), &e), ERR_INPUT);
    sentence_is(&e, wanted);
    assert_null(t);
}

static inline void draw(struct dataset *d, const char *yaml, struct task_sizes sizes,
                        struct task_seeds seeds)
{
    struct err e = ERR_INIT;
    struct task *t = task_of(yaml);
    if (dataset_draw(d, t, scratch, &sizes, &seeds, NULL, &e))
        fail_msg("%s", e.msg);
    task_free(t);
}

static inline void draw_fails(const char *yaml, struct task_sizes sizes, const char *wanted)
{
    struct err e = ERR_INIT;
    struct dataset d;
    struct task_seeds seeds = {0, 0};
    struct task *t = task_of(yaml);
    assert_int_equal(dataset_draw(&d, t, scratch, &sizes, &seeds, NULL, &e), ERR_INPUT);
    sentence_is(&e, wanted);
    assert_null(d.part[PART_TEST]);
    task_free(t);
}

static inline struct task_sizes sizes_of(size_t supervise, size_t train, size_t valid, size_t test)
{
    return (struct task_sizes){.n = {supervise, train, valid, test}};
}

#endif
