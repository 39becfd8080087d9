/* tokenizer_data - the real tokenizers of W2S_DATA: ids of 10,000 odd strings and of the data's
 * texts equal those of Hugging Face tokenizers (sums.txt, by make_tokenizer.py). Of the texts every
 * 16th is read; all of them with W2S_ALL_TEXTS=1 (some minutes). The default model's tokenizer is
 * tested too where the model is in the cache (or W2S_SMOLLM2 names the file). */
#include "core/proc.h"
#include "tokenizer_fixture.h"

#define SAMPLE_EVERY 16

/* member_read - a file of the data as it is, out of gzip, or out of a zip ("a.zip:b"). false: the
 * program that opens it is not installed. */
static bool member_read(struct str *out, const char *data, const char *name)
{
    struct err e = ERR_INIT;
    struct proc_result r = {0};
    struct str path = STR_INIT, packed = STR_INIT, archive = STR_INIT;
    const char *zip = strstr(name, ".zip:");
    bool there = true;
    str_path(&path, data, name);
    str_addf(&packed, "%s.gz", path.s);
    if (!zip && file_exists(path.s)) {
        if (file_read(out, path.s, &e))
            fail_msg("%s", e.msg);
    } else {
        str_addf(&archive, "%s/%.*s", data, zip ? (int)(zip - name) + 4 : 0, name);
        const char *unzip[] = {"unzip", "-p", archive.s, zip ? zip + 5 : "", NULL};
        const char *gzip[] = {"gzip", "-dc", packed.s, NULL};
        there = proc_run(&r, zip ? unzip : gzip, NULL, 0, NULL, NULL, &e) == OK;
        if (there && r.status != 0)
            fail_msg("%s: %s", name, proc_last_line(&r));
        if (there)
            str_catn(out, r.out.s, r.out.len);
        else
            print_message("left out: %s: %s\n", name, e.msg);
        proc_result_release(&r);
    }
    str_release(&path);
    str_release(&packed);
    str_release(&archive);
    return there;
}

static void doc_strings(struct texts *to, const struct doc *d)
{
    if (d->type == DOC_STRING)
        texts_add(to, d->s, d->len);
    for (const struct doc *c = d->child; c; c = c->next)
        doc_strings(to, c);
}

static void json_strings(struct texts *to, const char *s, size_t n, const char *name)
{
    struct err e = ERR_INIT;
    struct doc_tree tree = DOC_TREE_INIT;
    if (doc_parse_json(&tree, s, n, name, 1, &e))
        fail_msg("%s", e.msg);
    doc_strings(to, tree.root);
    doc_tree_release(&tree);
}

/* file_texts - every line; of JSON every string as well. */
static void file_texts(struct texts *to, const struct str *file, const char *name)
{
    const char *end = file->s + file->len;
    for (int strings = 0; strings < (str_ends(name, ".jsonl") ? 2 : 1); strings++) {
        for (const char *s = file->s; s <= end;) {
            const char *stop = memchr(s, '\n', (size_t)(end - s));
            size_t n = (size_t)((stop ? stop : end) - s);
            if (!strings)
                texts_add(to, s, n);
            else if (strspn(s, " \t\r") < n)
                json_strings(to, s, n, name);
            s += n + 1;
        }
    }
    if (str_ends(name, ".json"))
        json_strings(to, file->s, file->len, name);
}

static struct str sums = STR_INIT;
static bool every_text;

/* The data's texts, read once for all tokenizers: those that are tested, in the order of sums.txt.
 */
static struct {
    char name[256];
    bool there;
    struct texts texts;
} files[128];
static size_t n_files;

static void files_read(const char *data)
{
    const char *row = strstr(sums.s, "\nfile ");
    for (row++; str_starts(row, "file "); row = strchr(row, '\n') + 1) {
        struct texts all = {STR_INIT, NULL, 0, 0};
        struct str file = STR_INIT;
        const char *name = row + 5 + 2 * SUM_HEX;
        assert_true(n_files < sizeof files / sizeof files[0]);
        snprintf(files[n_files].name, sizeof files[0].name, "%.*s", (int)strcspn(name, "\n"), name);
        files[n_files].there = member_read(&file, data, files[n_files].name);
        files[n_files].texts = (struct texts){STR_INIT, NULL, 0, 0};
        if (files[n_files].there)
            file_texts(&all, &file, files[n_files].name);
        for (size_t i = 0; i < all.n; i += every_text ? 1 : SAMPLE_EVERY) {
            size_t n;
            const char *s = texts_at(&all, i, &n);
            texts_add(&files[n_files].texts, s, n);
        }
        n_files++;
        texts_release(&all);
        str_release(&file);
    }
}

/* The rows of sums.txt after "tokenizer NAME ...". */
static const char *rows_of(const char *tokenizer, char *path, size_t n)
{
    struct str head = STR_INIT;
    str_addf(&head, "tokenizer %s ", tokenizer);
    const char *s = strstr(sums.s, head.s);
    if (!s)
        fail_msg("sums.txt does not have the tokenizer %s", tokenizer);
    s += head.len;
    snprintf(path, n, "%.*s", (int)strcspn(s, "\n"), s);
    str_release(&head);
    return strchr(s, '\n') + 1;
}

static void odd_check(const struct tokenizer *t, const char *row, const char *who)
{
    struct texts odd = {STR_INIT, NULL, 0, 0};
    size_t done = 0;
    odd_texts(&odd, N_ODD);
    for (; str_starts(row, "odd "); row = strchr(row, '\n') + 1, done++) {
        char sum[SUM_HEX];
        texts_sum(t, row[4], &odd, sum);
        if (strncmp(sum, row + 6, SUM_HEX - 1) != 0)
            fail_msg("%s: ids of the odd strings differ, mode %c", who, row[4]);
    }
    assert_int_equal(done, 3);
    texts_release(&odd);
}

/* files_check - the row is: file SUM-OF-SAMPLE SUM-OF-ALL NAME. */
static void files_check(const struct tokenizer *t, const char *row, const char *who)
{
    while (str_starts(row, "odd "))
        row = strchr(row, '\n') + 1;
    for (size_t i = 0; i < n_files; i++, row = strchr(row, '\n') + 1) {
        char sum[SUM_HEX];
        assert_true(str_starts(row, "file ") && str_starts(row + 5 + 2 * SUM_HEX, files[i].name));
        if (!files[i].there)
            continue;
        texts_sum(t, 's', &files[i].texts, sum);
        if (strncmp(sum, row + 5 + (every_text ? SUM_HEX : 0), SUM_HEX - 1) != 0)
            fail_msg("%s: ids of the texts of %s differ (make_tokenizer.py compare shows where)",
                     who, files[i].name);
    }
}

static void real_check(void **state)
{
    const char *data = getenv("W2S_DATA"), *who = *state;
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    struct str path = STR_INIT;
    char relative[256];
    const char *row = rows_of(who, relative, sizeof relative);
    if (!data)
        skip();
    str_path(&path, data, relative);
    if (tokenizer_open(&t, path.s, &e))
        fail_msg("%s", e.msg);
    odd_check(t, row, who);
    files_check(t, row, who);
    tokenizer_free(t);
    str_release(&path);
}

/* model_path - the default model's file, "" where it was not fetched. */
static void model_path(struct str *out)
{
    struct err e = ERR_INIT;
    struct str dir = STR_INIT;
    const char *given = getenv("W2S_SMOLLM2"), *cache = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");
    char **names = NULL;
    size_t n = 0;
    if (given) {
        str_cat(out, given);
        return;
    }
    if (cache && *cache)
        str_cat(&dir, cache);
    else
        str_addf(&dir, "%s/.cache", home ? home : "");
    str_cat(&dir, "/w2s/assets/smollm2-135m");
    if (file_is_dir(dir.s) && file_list(dir.s, &names, &n, &e) == OK)
        for (size_t i = 0; i < n; i++)
            if (str_ends(names[i], ".gguf") && out->len == 0)
                str_path(out, dir.s, names[i]);
    mem_free((void *)names);
    str_release(&dir);
}

static void default_model(void **state)
{
    struct err e = ERR_INIT;
    struct tokenizer *t = NULL;
    struct str path = STR_INIT;
    char gguf[64];
    const char *row = rows_of("smollm2", gguf, sizeof gguf);
    (void)state;
    model_path(&path);
    if (path.len == 0) {
        print_message("SKIP: the default model is not fetched\n");
        skip();
    }
    if (gguf_tokenizer(&t, path.s, &e))
        fail_msg("%s", e.msg);
    assert_int_equal(tokenizer_vocab(t), 49152);
    assert_true(tokenizer_find(t, " negative") > 16 && tokenizer_find(t, " positive") > 16);
    odd_check(t, row, "smollm2");
    if (n_files > 0)
        files_check(t, row, "smollm2");
    tokenizer_free(t);
    str_release(&path);
}

static int texts_read(void **state)
{
    (void)state;
    if (getenv("W2S_DATA"))
        files_read(getenv("W2S_DATA"));
    return 0;
}

int main(void)
{
    static char *const names[] = {"gpt2",        "gpt-neox",   "llama",
                                  "tinystories", "gpt2-files", "qwen2-files"};
    struct CMUnitTest tests[sizeof names / sizeof names[0] + 1];
    struct str model = STR_INIT;
    const size_t n = sizeof names / sizeof names[0];
    bool nothing;
    for (size_t i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){names[i], real_check, NULL, NULL, names[i]};
    tests[n] = (struct CMUnitTest){"smollm2", default_model, NULL, NULL, NULL};
    model_path(&model);
    nothing = !getenv("W2S_DATA") && model.len == 0;
    str_release(&model);
    if (nothing) {
        printf("SKIP: W2S_DATA is not set and the default model is not fetched\n");
        return 77;
    }
    every_text = getenv("W2S_ALL_TEXTS") != NULL;
    fixture_read(&sums, "sums.txt");
    int failed = cmocka_run_group_tests(tests, texts_read, NULL);
    for (size_t i = 0; i < n_files; i++)
        texts_release(&files[i].texts);
    str_release(&sums);
    return failed;
}
