/* cmd_task.c - look at a task before it is trained on. */
#include "cli/session.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/stop.h"
#include "data/describe.h"
#include "data/lint.h"
#include "data/pack.h"
#include "data/propose.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct option_row options[] = {
    {"model", "MODEL", "whose tokenizer counts lengths (default: smollm2-135m)", 'm'},
    {"supervise", "N", "examples of the supervisor's half (default: 500)", 0},
    {"train", "N", "examples of the student's half (default: 500)", 0},
    {"valid", "N", "examples of the validation slice (default: 0)", 0},
    {"test", "N", "test examples (default: 500)", 0},
    {"max-tokens", "N", "where texts are cut (default: 128)", 0},
    {"seed", "S", "of split and labels (default: 0)", 0},
    {"show", "N", "how many rendered examples (default: 5)", 0},
    {"all", NULL, "a table of all tasks: lengths, balance, duplicates, what can be guessed", 0},
    {"out", "FILE", "of new: where the task file goes (default: beside the data)", 0},
    {"offline", NULL, "fetch nothing; what is missing is an error", 0},
    {NULL, NULL, NULL, 0},
};

struct wanted {
    struct task_sizes sizes;
    struct task_seeds seeds;
    size_t max_tokens, show;
    const char *model;
    bool sized; /* a part's size was given */
};

static int wanted_read(struct wanted *w, const struct args *a, struct err *e)
{
    static const char *const parts[PART_COUNT] = {"supervise", "train", "valid", "test"};
    size_t seed = 0;
    int rc;
    const char *model = args_option(&cmd_task, a, "model");
    *w = (struct wanted){{.n = {500, 500, 0, 500}},      {0, 0}, 128, 5,
                         model ? model : "smollm2-135m", false};
    for (int p = 0; p < PART_COUNT; p++) {
        const char *size = args_option(&cmd_task, a, parts[p]);
        if ((rc = args_count(parts[p], size, 0, 1u << 30, &w->sizes.n[p], e)))
            return rc;
        w->sized = w->sized || size;
    }
    if ((rc = args_count("max-tokens", args_option(&cmd_task, a, "max-tokens"), 1, 1u << 20,
                         &w->max_tokens, e)) ||
        (rc = args_count("show", args_option(&cmd_task, a, "show"), 0, 1u << 20, &w->show, e)) ||
        (rc = args_count("seed", args_option(&cmd_task, a, "seed"), 0, 1u << 30, &seed, e)))
        return rc;
    w->seeds = (struct task_seeds){seed, seed};
    return OK;
}

/* draw - parts of the sizes that were given; where none was, of half, a quarter ... of the default
 * until the data has so many; of very few rows a test part alone. */
static int draw(struct dataset *d, const struct task *t, const char *dir, const struct wanted *w,
                struct log *log, struct err *e)
{
    enum { FEW = 8 };
    struct task_sizes sizes = w->sizes;
    struct source *source;
    int rc = source_new(&source, t, dir, e);
    if (!rc)
        rc = source_draw(source, d, &sizes, &w->seeds, log, e);
    while (rc && !w->sized && source && source_short(source) && sizes.n[PART_TEST] > 1) {
        for (int p = 0; p < PART_COUNT; p++)
            sizes.n[p] /= 2;
        rc = source_draw(source, d, &sizes, &w->seeds, log, e);
    }
    for (size_t n = 2; rc && !w->sized && source && source_short(source) && n > 0; n--) {
        sizes = (struct task_sizes){.n = {[PART_TEST] = n}};
        rc = source_draw(source, d, &sizes, &w->seeds, log, e);
    }
    if (rc && !w->sized && source && source_short(source))
        rc = err_set(e, ERR_INPUT, "task %s: there are too few examples to draw a part of them",
                     task_name(t));
    if (!rc && !w->sized && sizes.n[PART_TEST] < FEW)
        log_warn(log, "task %s: %zu examples, which are too few to learn from and to test on",
                 task_name(t), d->examples);
    source_free(source);
    return rc;
}

/* warn - of what in the draw could mislead. */
static int warn(const struct dataset *d, const struct task *t, struct log *log, struct err *e)
{
    struct lint l;
    int rc = lint_dataset(&l, d, e);
    if (!rc)
        lint_warn(&l, task_name(t), log);
    return rc;
}

static int task_show(const struct app *app, const struct lab *lab, const char *name,
                     const struct wanted *w, struct err *e)
{
    struct task *t = NULL;
    struct lab_model m = {0};
    struct dataset d = {0};
    struct description about = {0};
    struct str dir = STR_INIT, out = STR_INIT;
    int rc = lab_task_open(&t, &dir, lab, name, e);
    if (rc)
        goto out;
    rc = draw(&d, t, dir.s, w, lab->log, e);
    if (!rc)
        rc = warn(&d, t, lab->log, e);
    if (!rc)
        rc = lab_tokenizer_open(&m, lab, w->model, e);
    if (!rc)
        rc = dataset_cut(&d, &(const struct tokenizer *){m.tokenizer}, 1, w->max_tokens, e);
    if (!rc)
        rc = description_make(&about, t, &d, m.tokenizer, e);
    if (rc)
        goto out;
    if (app->json)
        description_json(&about, t, &d, w->show, &out);
    else
        description_print(&about, t, &d, w->show, &out);
    rc = str_check(&out, e);
    if (!rc)
        fwrite(out.s, 1, out.len, stdout);
out:
    lab_model_close(&m);
    dataset_release(&d);
    task_free(t);
    str_release(&dir);
    str_release(&out);
    return rc;
}

/* one_lint - a task's row; a task that cannot be read has its reason there. */
static int one_lint(const struct lab *lab, const char *name, const struct tokenizer *tok,
                    struct lint_row *row, struct lint *lint, struct arena *a, struct err *e)
{
    struct task *t = NULL;
    struct str dir = STR_INIT;
    struct err why = ERR_INIT;
    int rc = lab_task_open(&t, &dir, lab, name, &why);
    const char *source = t ? task_source_name(t) : NULL;
    row->name = arena_strdup(a, name, e);
    row->source = source ? arena_strdup(a, source, e) : NULL;
    if (!rc)
        rc = lint_task(lint, t, dir.s, tok, lab->log, &why);
    row->lint = rc ? NULL : lint;
    row->why = rc ? arena_strdup(a, why.msg, e) : NULL;
    task_free(t);
    str_release(&dir);
    if (rc == ERR_INTERRUPTED || rc == ERR_NOMEM)
        return err_set(e, rc, "%s", why.msg);
    return !row->name || (source && !row->source) || (rc && !row->why) ? e->code : OK;
}

static int tasks_show(const struct app *app, const struct lab *lab, const char *model,
                      struct err *e)
{
    struct arena arena = ARENA_INIT;
    struct lab_model m = {0};
    struct str dir = STR_INIT, out = STR_INIT;
    struct progress progress;
    struct lint_row *rows = NULL;
    struct lint *lints = NULL;
    char **names = NULL;
    size_t n = 0, k = 0;
    str_path(&dir, lab->share, "tasks");
    int rc = str_check(&dir, e);
    if (!rc)
        rc = file_list(dir.s, &names, &n, e);
    if (!rc && model)
        rc = lab_tokenizer_open(&m, lab, model, e);
    rows = rc ? NULL : arena_alloc(&arena, n + 1, sizeof *rows, e);
    lints = rows ? arena_alloc(&arena, n + 1, sizeof *lints, e) : NULL;
    if (!rc && !lints)
        rc = e->code;
    progress_begin(&progress, lab->log, "tasks", (double)n, "tasks");
    for (size_t i = 0; !rc && i < n; i++) {
        size_t len = strlen(names[i]);
        if (len > 5 && str_ends(names[i], ".yaml")) {
            names[i][len - 5] = '\0';
            rc = one_lint(lab, names[i], m.tokenizer, &rows[k], &lints[k], &arena, e);
            k++;
        }
        progress_step(&progress, (double)i + 1, (double)i + 1, names[i]);
        if (!rc)
            rc = stop_check(e);
    }
    progress_end(&progress, rc);
    if (!rc && app->json)
        lint_json(rows, k, &out);
    else if (!rc)
        lint_table(rows, k, &out);
    if (!rc)
        rc = str_check(&out, e);
    if (!rc)
        fwrite(out.s, 1, out.len, stdout);
    lab_model_close(&m);
    mem_free(names);
    arena_release(&arena);
    str_release(&dir);
    str_release(&out);
    return rc;
}

/* outer_length - of the file that path leads into: all of it, or up to the archive on its way. */
static size_t outer_length(const char *path, struct str *scratch)
{
    for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
        str_reset(scratch);
        str_catn(scratch, path, (size_t)(slash - path));
        if (scratch->len && !scratch->failed && file_exists(scratch->s) && !file_is_dir(scratch->s))
            return scratch->len;
    }
    return strlen(path);
}

/* below - a path from the root, counted from the folder where it lies in that. */
static void below(struct str *path, const char *folder)
{
    size_t n = strlen(folder);
    while (n > 2 && strcmp(folder + n - 2, "/.") == 0)
        n -= 2;
    if (path->failed || path->len <= n || strncmp(path->s, folder, n) != 0 || path->s[n] != '/')
        return;
    memmove(path->s, path->s + n + 1, path->len - n);
    path->len -= n + 1;
}

/* new_names - where the task file goes, its name, and what it calls the data: beside the data, or
 * at out. */
static int new_names(const char *data, const char *out, struct str *yaml, struct str *name,
                     struct str *file, struct err *e)
{
    struct str outer = STR_INIT, dir = STR_INIT, to = STR_INIT, root = STR_INIT;
    size_t n = outer_length(data, &outer);
    str_reset(&outer);
    str_catn(&outer, data, n);
    int rc = str_check(&outer, e);
    if (!rc)
        rc = file_folder(&dir, outer.s, e);
    for (const char *s = file_name(out ? out : data); !rc && *s && (*s != '.' || !name->len); s++)
        if (isalnum((unsigned char)*s) || *s == '-' || *s == '_')
            str_addc(name, *s);
    if (!rc && !name->len)
        str_cat(name, "task");
    if (!rc && out) {
        str_cat(yaml, out);
        file_absolute(data, file);
        rc = file_folder(&to, out, e);
        if (!rc)
            file_absolute(to.s, &root);
        if (!rc && !(rc = str_check(&root, e)))
            below(file, root.s);
    } else if (!rc) {
        str_addf(yaml, "%s/%s.yaml", dir.s, name->s);
        str_cat(file, file_name(outer.s));
        str_cat(file, data + n);
    }
    if (!rc && !(rc = str_check(yaml, e)) && !(rc = str_check(file, e)) && file_exists(yaml->s))
        rc = err_set(e, ERR_INPUT,
                     "%s is there already; --out names another file, w2s task %s shows it", yaml->s,
                     yaml->s);
    str_release(&outer);
    str_release(&dir);
    str_release(&to);
    str_release(&root);
    return rc;
}

/* new_show - the task file that was written, and what becomes of the data by it. */
static int new_show(const struct app *app, const struct lab *lab, const char *path,
                    const char *duckdb, const struct wanted *w, struct str *out, struct err *e)
{
    struct task *t = NULL;
    struct dataset d = {0};
    struct description about = {0};
    struct str dir = STR_INIT;
    int rc = task_read(&t, path, e);
    if (!rc && duckdb)
        rc = task_duckdb(t, duckdb, e);
    if (!rc)
        rc = file_folder(&dir, path, e);
    if (!rc)
        rc = draw(&d, t, dir.s, w, lab->log, e);
    if (!rc)
        rc = warn(&d, t, lab->log, e);
    if (!rc)
        rc = description_make(&about, t, &d, NULL, e);
    if (!rc && app->json)
        description_json(&about, t, &d, w->show, out);
    else if (!rc)
        description_print(&about, t, &d, w->show, out);
    dataset_release(&d);
    task_free(t);
    str_release(&dir);
    return rc ? rc : str_check(out, e);
}

static int task_new(const struct app *app, const struct lab *lab, const char *data, const char *to,
                    const struct wanted *w, struct err *e)
{
    struct str yaml = STR_INIT, name = STR_INIT, file = STR_INIT, text = STR_INIT, out = STR_INIT,
               duckdb = STR_INIT;
    const struct table_settings plain = {.name = data};
    bool sql = table_wants_duckdb(data, &plain);
    int rc = new_names(data, to, &yaml, &name, &file, e);
    if (!rc && sql)
        rc = lab_duckdb(lab, &duckdb, e);
    if (!rc)
        rc = task_propose(&text, data, file.s, name.s, sql ? duckdb.s : NULL, e);
    if (!rc)
        rc = file_write(yaml.s, text.s, text.len, e);
    if (!rc) {
        rc = new_show(app, lab, yaml.s, sql ? duckdb.s : NULL, w, &out, e);
        if (rc == ERR_INPUT)
            err_wrap(e, "%s was written and does not work yet (mend it, and see w2s task %s)",
                     yaml.s, yaml.s);
        else if (rc)
            err_wrap(e, "%s was written", yaml.s);
    }
    if (!rc && !app->json)
        printf("%s:\n\n%s\n", yaml.s, text.s);
    if (!rc)
        fwrite(out.s, 1, out.len, stdout);
    str_release(&yaml);
    str_release(&name);
    str_release(&file);
    str_release(&text);
    str_release(&out);
    str_release(&duckdb);
    return rc;
}

static int task_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct wanted w;
    bool all = args_option(&cmd_task, a, "all") != NULL;
    if (all && a->n_rest) {
        err_set(e, ERR_INPUT, "--all is of every task, and \"%s\" is one; which is meant?",
                a->rest[0]);
        return EXIT_USAGE;
    }
    bool new = a->n_rest == 2 && strcmp(a->rest[0], "new") == 0;
    if (!all && a->n_rest == 1 && strcmp(a->rest[0], "new") == 0) {
        err_set(e, ERR_INPUT, "task new wants a file of data as well; see w2s help task");
        return EXIT_USAGE;
    }
    if (!all && !new && a->n_rest != 1) {
        err_set(e, ERR_INPUT, "task wants the name of a task or a .yaml file; see w2s help task");
        return EXIT_USAGE;
    }
    int rc = wanted_read(&w, a, e);
    if (!rc)
        rc = session_open(&s, app, "", "", args_option(&cmd_task, a, "offline") != NULL, e);
    if (rc)
        return command_exit(rc);
    if (all)
        s.lab.offline = "a table of what is there fetches nothing";
    rc = new   ? task_new(app, &s.lab, a->rest[1], args_option(&cmd_task, a, "out"), &w, e)
         : all ? tasks_show(app, &s.lab, args_option(&cmd_task, a, "model"), e)
               : task_show(app, &s.lab, a->rest[0], &w, e);
    session_close(&s);
    return command_exit(rc);
}

const struct command cmd_task = {
    .name = "task",
    .operands = "NAME | new FILE | --all",
    .line = "show a task: rendered examples, balance, lengths, duplicates",
    .help =
        "NAME is a file of tasks/ without .yaml, or a path (docs/tasks.md). What is shown is "
        "what a study with these sizes\n"
        "and seeds would train and test on.\n"
        "\n"
        "new FILE looks at a file of yours (JSONL, JSON, CSV, TSV, Parquet), writes a task file "
        "beside "
        "it that says which\nfields are the text and which the label, and shows what becomes of "
        "it. Read that file: it is a guess.\n"
        "\n"
        "--all is a table of every task whose data is here; lengths are words, or with --model "
        "that model's tokens.\n"
        "\n"
        "    w2s task movie-sentiment\n"
        "    w2s task sciq --show 20 --test 500\n"
        "    w2s task new letters.csv\n"
        "    w2s task --all\n",
    .options = options,
    .completes = "tasks",
    .run = task_run,
};
