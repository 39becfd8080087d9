/* cmd_reproduce.c - findings put to the test. */
#include "cli/command.h"
#include "cli/session.h"
#include "cli/worker.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"
#include "lab/repro.h"
#include "report/finding.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct option_row options[] = {
    {"scale", "NAME", "laptop (default), gpu or paper: which studies stand for the finding", 0},
    {"list", NULL, "which findings there are, and how long each is said to take", 0},
    {"dry-run", NULL, "list the jobs with estimated time and memory, compute nothing", 'n'},
    {"markdown", "FILE", "write the page of all findings there, and its figures beside it", 0},
    {"runs", "DIR", "where results are kept (default: runs)", 0},
    {"offline", NULL, "fetch nothing; what is missing is an error", 0},
    {"device", "NAME", "cpu (default) or reference", 0},
    {"jobs", "N", "small jobs at once, a thread each (default: one a core, as far as memory goes)",
     0},
    {NULL, NULL, NULL, 0},
};

/* What the command was asked for. */
struct asked {
    const struct app *app;
    const struct args *args;
    const char *scale, *runs;
    struct session session;
    size_t jobs;
    int threads;
};

static const char *option(const struct asked *q, const char *name)
{
    return args_option(&cmd_reproduce, q->args, name);
}

/* finding_names - those of the share, as file_list. */
static int finding_names(const struct app *app, char ***names, size_t *n, struct err *e)
{
    struct str dir = STR_INIT;
    str_path(&dir, app->share, "findings");
    int rc = str_check(&dir, e);
    if (!rc)
        rc = file_list_stems(dir.s, ".yaml", names, n, e);
    str_release(&dir);
    return rc;
}

static int finding_open(const struct asked *q, const char *name, struct repro *r, struct err *e)
{
    struct str path = STR_INIT;
    int rc = lab_finding_path(q->app->share, name, &path, e);
    if (!rc)
        rc = repro_read(r, path.s, q->scale, e);
    str_release(&path);
    return rc;
}

/* studies_check - every study of a finding is one that can be read, with its settings. */
static int studies_check(const struct asked *q, const struct repro *r, struct err *e)
{
    struct str path = STR_INIT;
    struct study study;
    int rc = OK;
    for (size_t i = 0; i < r->n_studies && !rc; i++) {
        const struct repro_study *x = &r->studies[i];
        rc = lab_study_path(q->app->share, x->study, &path, e);
        if (!rc && !(rc = study_read(&study, path.s, x->overrides, x->n_overrides, e)))
            study_release(&study);
        if (rc)
            err_wrap(e, "%s: study %s", r->name, x->as);
    }
    str_release(&path);
    return rc;
}

static int list_print(const struct asked *q, struct str *out, struct err *e)
{
    char **names = NULL;
    size_t n = 0;
    struct js w;
    int rc = finding_names(q->app, &names, &n, e);
    js_init(&w, out);
    if (q->app->json)
        js_open(&w, '[');
    for (size_t i = 0; i < n && !rc; i++) {
        struct repro r;
        if ((rc = finding_open(q, names[i], &r, e)))
            break;
        rc = studies_check(q, &r, e);
        if (q->app->json) {
            js_open(&w, '{');
            js_key(&w, "name"), js_str(&w, r.name);
            js_key(&w, "title"), js_str(&w, r.title);
            js_key(&w, "scale"), js_str(&w, r.scale);
            js_key(&w, "minutes"), js_real(&w, r.minutes);
            js_close(&w, '}');
        } else {
            struct str took = STR_INIT;
            if (isnan(r.minutes))
                str_cat(&took, "?");
            else
                str_duration(&took, 60 * r.minutes);
            str_addf(out, "%-20s %8s  %s\n", r.name, took.s, r.title);
            str_release(&took);
        }
        repro_release(&r);
    }
    if (q->app->json) {
        js_close(&w, ']');
        str_addc(out, '\n');
    }
    mem_free(names);
    return rc ? rc : str_check(out, e);
}

/* place - runs/findings, or what is in it of a finding at its scale. */
static int place(const struct asked *q, const struct repro *r, struct str *dir, struct err *e)
{
    str_reset(dir);
    str_addf(dir, "%s/findings", q->runs);
    if (r)
        str_addf(dir, "/%s%s%s", r->name, strcmp(r->scale, "laptop") ? "-" : "",
                 strcmp(r->scale, "laptop") ? r->scale : "");
    return str_check(dir, e);
}

/* study_of - one of a finding's studies, run to its end; *failed jobs are counted. */
static int study_of(struct asked *q, struct repro *r, size_t i, size_t *failed, struct err *e)
{
    const struct repro_study *x = &r->studies[i];
    struct lab *lab = &q->session.lab;
    struct lab_summary sum = {.dir = STR_INIT, .hold = -1};
    struct worker crew = {.argv = NULL};
    struct study study;
    const char *operands[REPRO_LIST + 1];
    struct str path = STR_INIT, out = STR_INIT;
    bool dry = option(q, "dry-run") != NULL;
    int rc = lab_study_path(q->app->share, x->study, &path, e);
    if (!rc)
        rc = study_read(&study, path.s, x->overrides, x->n_overrides, e);
    str_release(&path);
    if (rc)
        return rc;
    operands[0] = x->study;
    for (size_t k = 0; k < x->n_overrides; k++)
        operands[k + 1] = x->overrides[k];
    rc =
        worker_init(&crew, option(q, "runs"), option(q, "device"), operands, x->n_overrides + 1, e);
    if (!rc)
        rc = dev_precision_set(&q->session.dev, study.precision, e);
    if (rc)
        goto out;
    lab->worker = crew.argv;
    lab->jobs = q->jobs;
    lab->threads = q->threads;
    lab->samples = &r->samples;
    r->samples.study = x->as;
    if (dry) {
        if (!(rc = lab_plan_print(lab, &study, q->app->json, &out, e)))
            fwrite(out.s, 1, out.len, stdout);
        goto out;
    }
    log_info(lab->log, "%s: study %s (%zu of %zu)", r->name, study.name, i + 1, r->n_studies);
    if ((rc = lab_run(lab, &study, &sum, e)))
        goto out;
    *failed += sum.failed;
    rc = report_write(sum.dir.s, lab->log, e);
    if (!rc)
        rc = repro_studied(r, i, sum.dir.s, e);
out:
    file_unlock(sum.hold);
    worker_release(&crew);
    study_release(&study);
    str_release(&sum.dir);
    str_release(&out);
    return rc ? err_wrap(e, "%s: study %s", r->name, x->as) : OK;
}

/* finding_print - what came of it. */
static int finding_print(const struct asked *q, const char *dir, struct err *e)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct str path = STR_INIT, out = STR_INIT;
    str_path(&path, dir, "finding.json");
    int rc = str_check(&path, e);
    if (!rc && q->app->json)
        rc = file_read(&out, path.s, e);
    else if (!rc && !(rc = doc_read_json(&t, path.s, e)))
        rc = finding_text(t.root, session_width(), &out, e);
    if (!rc)
        fwrite(out.s, 1, out.len, stdout);
    doc_tree_release(&t);
    str_release(&path);
    str_release(&out);
    return rc;
}

static int finding_run(struct asked *q, const char *name, struct err *e)
{
    struct repro r;
    struct str dir = STR_INIT;
    size_t failed = 0;
    int rc = finding_open(q, name, &r, e);
    if (rc)
        return rc;
    size_t missing = 0;
    for (size_t i = 0; i < r.n_studies && !rc; i++) {
        rc = study_of(q, &r, i, &failed, e);
        if (rc != ERR_INPUT || r.n_studies == 1 || e->full || missing + 1 == r.n_studies)
            continue;
        missing++;
        log_warn(q->session.lab.log, "goes on without it: %s", e->msg);
        rc = repro_missing(&r, i, e->msg, e);
    }
    if (rc || option(q, "dry-run"))
        goto out;
    if (failed)
        log_warn(q->session.lab.log, "%s: %zu jobs failed; what they would have shown is missing",
                 r.name, failed);
    rc = place(q, &r, &dir, e);
    if (!rc)
        rc = repro_conclude(&r, dir.s, e);
    if (!rc)
        rc = finding_files(dir.s, q->session.lab.log, e);
    if (!rc)
        rc = finding_print(q, dir.s, e);
out:
    str_release(&dir);
    repro_release(&r);
    return rc;
}

/* Every finding that a runs folder has. */
struct shelf {
    char **names;
    struct str *dirs;
    const char **paths;
    struct doc_tree *trees;
    const struct doc **roots;
    size_t n;
};

static void shelf_release(struct shelf *s)
{
    for (size_t i = 0; s->trees && i < s->n; i++)
        doc_tree_release(&s->trees[i]);
    for (size_t i = 0; s->dirs && i < s->n; i++)
        str_release(&s->dirs[i]);
    mem_free(s->names);
    mem_free(s->dirs);
    mem_free((void *)s->paths);
    mem_free(s->trees);
    mem_free((void *)s->roots);
}

static int shelf_read(struct shelf *s, const char *dir, struct err *e)
{
    size_t all = 0;
    struct str path = STR_INIT;
    memset(s, 0, sizeof *s);
    int rc = file_list_stems(dir, "", &s->names, &all, e);
    if (rc)
        return rc;
    s->dirs = mem_zalloc(all, sizeof *s->dirs, e);
    s->paths = s->dirs ? mem_zalloc(all, sizeof *s->paths, e) : NULL;
    s->trees = s->paths ? mem_zalloc(all, sizeof *s->trees, e) : NULL;
    s->roots = s->trees ? mem_zalloc(all, sizeof *s->roots, e) : NULL;
    if (!s->roots)
        return e->code;
    for (size_t i = 0; i < all && !rc; i++) {
        struct str *own = &s->dirs[s->n];
        str_init(own);
        str_path(own, dir, s->names[i]);
        str_path(&path, own->s, "finding.json");
        rc = str_check(&path, e);
        if (rc || !file_exists(path.s)) {
            str_release(own);
            continue;
        }
        rc = doc_read_json(&s->trees[s->n], path.s, e);
        s->roots[s->n] = s->trees[s->n].root;
        s->paths[s->n] = own->s;
        s->n++;
    }
    str_release(&path);
    return rc;
}

/* figures_copy - every figure as <stem>/<name>.svg beside the Markdown page. */
static int figures_copy(const struct shelf *s, const char *dir, struct err *e)
{
    struct str from = STR_INIT, svg = STR_INIT, name = STR_INIT;
    int rc = file_mkdirs(dir, e);
    for (size_t i = 0; i < s->n && !rc; i++) {
        const struct doc *own = doc_get(s->roots[i], "name");
        str_reset(&svg);
        str_reset(&name);
        str_path(&from, s->paths[i], "figure.svg");
        str_addf(&name, "%s.svg", own ? own->s : "");
        if (str_check(&from, e) || str_check(&name, e))
            rc = e->code;
        else if (file_exists(from.s) && !(rc = file_read(&svg, from.s, e)))
            rc = file_write_in(dir, name.s, &svg, e);
    }
    str_release(&from);
    str_release(&svg);
    str_release(&name);
    return rc;
}

/* markdown_write - FILE and, for FILE.md, the folder FILE of figures. */
static int markdown_write(const struct shelf *s, const char *file, struct err *e)
{
    struct str page = STR_INIT, dir = STR_INIT;
    size_t stem = strlen(file);
    int rc;
    str_catn(&dir, file, stem - 3);
    rc = str_check(&dir, e);
    if (!rc)
        rc = figures_copy(s, dir.s, e);
    if (!rc)
        rc = findings_markdown(s->roots, s->n, file_name(dir.s), &page, e);
    if (!rc)
        rc = file_write(file, page.s, page.len, e);
    str_release(&page);
    str_release(&dir);
    return rc;
}

/* pages_write - one page of all findings that the runs folder has. */
static int pages_write(const struct asked *q, struct err *e)
{
    struct shelf s;
    struct str dir = STR_INIT, page = STR_INIT;
    int rc = place(q, NULL, &dir, e);
    if (rc)
        return rc;
    rc = shelf_read(&s, dir.s, e);
    if (!rc)
        rc = findings_html(s.roots, s.paths, s.n, &page, e);
    if (!rc)
        rc = file_write_in(dir.s, "findings.html", &page, e);
    if (!rc && option(q, "markdown"))
        rc = markdown_write(&s, option(q, "markdown"), e);
    if (!rc && !q->app->json)
        printf("\nall findings: %s/findings.html\n", dir.s);
    shelf_release(&s);
    str_release(&dir);
    str_release(&page);
    return rc;
}

/* findings_run - one after the other; of several, one that cannot be run is said and passed over.
 */
static int findings_run(struct asked *q, const char *const *names, size_t n, struct err *e)
{
    size_t passed = 0;
    int rc = OK;
    for (size_t i = 0; i < n && !rc; i++) {
        struct err why = ERR_INIT;
        rc = finding_run(q, names[i], &why);
        if (rc && n > 1 && rc != ERR_INTERRUPTED && !why.full) {
            log_warn(q->session.lab.log, "passed over: %s", why.msg);
            passed++;
            rc = OK;
        } else if (rc) {
            *e = why;
        }
    }
    if (!rc && !option(q, "dry-run") && passed < n)
        rc = pages_write(q, e);
    if (!rc && passed)
        rc = err_set(e, ERR_INPUT, "%zu of %zu findings could not be put to the test", passed, n);
    return rc;
}

static int scale_check(const char *scale, struct err *e)
{
    for (size_t i = 0; repro_scales[i]; i++)
        if (strcmp(repro_scales[i], scale) == 0)
            return OK;
    return err_set(e, ERR_INPUT, "--scale is \"%s\", wanted laptop, gpu or paper", scale);
}

static int reproduce_run(const struct app *app, const struct args *a, struct err *e)
{
    struct asked q = {.app = app, .args = a, .threads = par_threads()};
    struct str out = STR_INIT;
    char **names = NULL;
    size_t n = 0;
    q.scale = option(&q, "scale") ? option(&q, "scale") : "laptop";
    q.runs = option(&q, "runs") ? option(&q, "runs") : "runs";
    int rc = scale_check(q.scale, e);
    if (!rc)
        rc = args_count("jobs", option(&q, "jobs"), 1, (size_t)q.threads, &q.jobs, e);
    if (!rc && !*q.runs)
        rc = err_set(e, ERR_INPUT, "--runs is empty, wanted a folder");
    const char *page = option(&q, "markdown");
    if (!rc && page && !str_ends(page, ".md"))
        rc = err_set(e, ERR_INPUT, "--markdown is \"%s\", wanted a file that ends in .md", page);
    if (!rc && option(&q, "list")) {
        if (!(rc = list_print(&q, &out, e)))
            fwrite(out.s, 1, out.len, stdout);
        goto out;
    }
    if (!rc && !a->n_rest)
        rc = err_set(e, ERR_INPUT,
                     "reproduce wants a finding, or all; w2s reproduce --list names them");
    bool all = !rc && a->n_rest == 1 && strcmp(a->rest[0], "all") == 0;
    if (all)
        rc = finding_names(app, &names, &n, e);
    if (!rc)
        rc = session_open(&q.session, app, q.runs, option(&q, "device"),
                          option(&q, "offline") != NULL, e);
    if (rc)
        goto out;
    rc = all ? findings_run(&q, (const char *const *)names, n, e)
             : findings_run(&q, a->rest, a->n_rest, e);
    session_close(&q.session);
out:
    mem_free(names);
    str_release(&out);
    return rc && e->full ? EXIT_FAILED : command_exit(rc);
}

const struct command cmd_reproduce = {
    .name = "reproduce",
    .operands = "FINDING... | all",
    .line = "put findings of the study to the test: studies, figure, verdict",
    .help = "A finding is a name (w2s reproduce --list) or a .yaml file (docs/reproduce.md). Its "
            "studies are "
            "run, or found\n"
            "done; then what the paper found is tested claim by claim on their numbers, by "
            "bootstrap: it "
            "holds, does not\n"
            "hold, or cannot be told at this size. Stop it at any time and run it again to go on.\n"
            "\n"
            "    w2s reproduce --list\n"
            "    w2s reproduce fig8-agreement\n"
            "    w2s reproduce all --markdown results.md\n",
    .options = options,
    .completes = "findings",
    .computes = true,
    .run = reproduce_run,
};
