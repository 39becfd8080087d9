/* cmd_reproduce.c - findings put to the test. */
#include "cli/session.h"
#include "cli/shelf.h"
#include "cli/worker.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/par.h"
#include "lab/ladder.h"
#include "lab/repro.h"
#include "report/finding.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct option_row options[] = {
    {"scale", "NAME", "laptop (default), gpu or paper: which studies stand for the finding", 0},
    {"list", NULL, "which findings there are, and their time on two cores with AVX-512 BF16", 0},
    {"dry-run", NULL, "list the jobs with estimated time and memory, compute nothing", 'n'},
    {"markdown", "FILE", "all findings as a page, which grows: what it says of others stays", 0},
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
    struct log log; /* while there is no session */
    const char *scale, *runs;
    const char **with; /* [n_with] settings of all studies */
    size_t n_with;
    struct session session;
    size_t jobs;
    int threads;
    struct finding_now *now; /* the share's findings, then those of the command */
    size_t n_now, cap_now;
    struct arena strings; /* of now */
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

/* speaks_of - whether a text has a word, as a number by itself where it is one. */
static bool speaks_of(const char *text, const char *word)
{
    size_t n = strlen(word);
    bool number = strspn(word, "0123456789") == n;
    for (const char *at = text; n && *at; at++)
        if (strncasecmp(at, word, n) == 0 &&
            !(number &&
              (strspn(at + n, "0123456789") || (at > text && strspn(at - 1, "0123456789") > n))))
            return true;
    return false;
}

/* finding_of - whether a finding's title, source or name speaks of what was asked for: of fig2, a
 * figure that is 2. */
static bool finding_of(const struct app *app, const char *finding, const char *asked)
{
    struct doc_tree t = DOC_TREE_INIT;
    struct str path = STR_INIT, figure = STR_INIT;
    struct err none = ERR_INIT;
    const char *title = "", *source = "", *from;
    bool of = false;
    if (str_starts(asked, "fig") && strspn(asked + 3, "0123456789") == strlen(asked + 3))
        str_cat(&figure, asked + 3);
    if (!figure.failed && !lab_finding_path(app->share, finding, &path, &none) &&
        !doc_read_yaml(&t, path.s, &none) && !doc_opt_str(t.root, "title", &title, &none) &&
        !doc_opt_str(t.root, "source", &source, &none)) {
        from = strstr(source, "figure");
        of = figure.len
                 ? from && speaks_of(from, figure.s)
                 : speaks_of(title, asked) || speaks_of(source, asked) || speaks_of(finding, asked);
    }
    doc_tree_release(&t);
    str_release(&path);
    str_release(&figure);
    return of;
}

#define HINT_LEAST 3 /* letters of a name that is looked for: of fewer every finding speaks */

/* finding_hint - of a name that no finding has, in the sentence: which ones speak of it. */
static void finding_hint(const struct app *app, const char *asked, struct err *e)
{
    struct err said = *e;
    struct str list = STR_INIT;
    char **names = NULL;
    size_t n = 0, of = 0;
    struct err none = ERR_INIT;
    if (strlen(asked) >= HINT_LEAST && !lab_is_path(asked) &&
        !finding_names(app, &names, &n, &none))
        for (size_t i = 0; i < n; i++)
            if (finding_of(app, names[i], asked))
                str_addf(&list, "%s%s", of++ ? ", " : "", names[i]);
    if (of && !list.failed)
        err_set(e, said.code, "no finding named \"%s\"; %s speak%s of it", asked, list.s,
                of == 1 ? "s" : "");
    mem_free(names);
    str_release(&list);
}

/* finding_open - read at the scale that was asked for, and found to be one that can be run. */
static int finding_open(const struct asked *q, const char *name, struct repro *r, struct err *e)
{
    struct str path = STR_INIT;
    int rc = lab_finding_path(q->app->share, name, &path, e);
    if (rc == ERR_INPUT)
        finding_hint(q->app, name, e);
    if (!rc)
        rc = repro_read(r, path.s, q->scale, q->with, q->n_with, e);
    if (!rc)
        r->asked = lab_is_path(name) ? name : NULL;
    if (!rc && (rc = repro_check(r, q->app->share, e)))
        repro_release(r);
    str_release(&path);
    return rc;
}

/* finding_hash - of the files of one that is put to the test. */
static int finding_hash(const struct asked *q, const char *name, struct repro *r, struct err *e)
{
    struct str path = STR_INIT;
    int rc = lab_finding_path(q->app->share, name, &path, e);
    if (!rc)
        rc = repro_files_hash(path.s, q->app->share, q->scale, r->file_hash, e);
    str_release(&path);
    return rc;
}

static int now_put(struct asked *q, const char *name, const char *scale, const char *hash,
                   struct err *e)
{
    if (mem_grow(&q->now, &q->cap_now, q->n_now + 1, sizeof *q->now, e))
        return e->code;
    struct finding_now x = {arena_strdup(&q->strings, name, e), arena_strdup(&q->strings, scale, e),
                            arena_strdup(&q->strings, hash, e)};
    if (!x.name || !x.scale || !x.hash)
        return e->code;
    q->now[q->n_now++] = x;
    return OK;
}

/* now_put_all - of a finding of the share its files at every scale: "" where it has none, or is not
 * to be read, which no finding that was put to the test is. */
static int now_put_all(struct asked *q, const char *name, const char *path, struct err *e)
{
    int rc = OK;
    for (size_t i = 0; repro_scales[i] && !rc; i++) {
        char hash[HASH_HEX] = "";
        struct err why = ERR_INIT;
        if (repro_files_hash(path, q->app->share, repro_scales[i], hash, &why) == ERR_NOMEM) {
            *e = why;
            return e->code;
        }
        rc = now_put(q, name, repro_scales[i], hash, e);
    }
    return rc;
}

/* now_read - the files of the share's findings as they are. */
static int now_read(struct asked *q, struct err *e)
{
    char **names = NULL;
    size_t n = 0;
    struct str path = STR_INIT;
    int rc = finding_names(q->app, &names, &n, e);
    for (size_t i = 0; i < n && !rc; i++) {
        rc = lab_finding_path(q->app->share, names[i], &path, e);
        if (!rc)
            rc = now_put_all(q, names[i], path.s, e);
    }
    mem_free(names);
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

/* place - what is in runs/findings of a finding at its scale. */
static int place(const struct asked *q, const struct repro *r, struct str *dir, struct err *e)
{
    bool laptop = strcmp(r->scale, "laptop") == 0;
    str_reset(dir);
    str_addf(dir, "%s/findings/%s%s%s", q->runs, r->name, laptop ? "" : "-",
             laptop ? "" : r->scale);
    return str_check(dir, e);
}

/* ladder_make - what of a ladder is not there is made, or said, as w2s pretrain does. */
static int ladder_make(struct asked *q, const struct repro *r, const struct ladder *l,
                       struct err *e)
{
    struct lab *lab = &q->session.lab;
    struct str out = STR_INIT;
    size_t failed = 0;
    bool dry = option(q, "dry-run") != NULL;
    log_info(lab->log, "%s: ladder %s", r->name, l->name);
    lab->threads = q->threads;
    int rc = dry ? ladder_plan_print(lab, l, q->app->json, &out, e)
                 : ladder_run(lab, l, q->app->json, &out, &failed, e);
    if (!rc && (dry || !q->app->json))
        fwrite(out.s, 1, out.len, stdout);
    if (!rc && failed)
        rc = err_set(e, ERR_NUMERIC, "%zu of %zu models failed", failed, l->n);
    str_release(&out);
    return rc;
}

/* ladder_of - one of the ladders that a finding stands on. Where it cannot be made, the studies
 * that name its models say that they are not there. */
static int ladder_of(struct asked *q, struct repro *r, size_t i, struct err *e)
{
    struct ladder l;
    struct str path = STR_INIT;
    bool whole = false;
    int rc = lab_ladder_path(q->app->share, r->ladders[i].ladder, &path, e);
    if (!rc)
        rc = ladder_read(&l, path.s, NULL, 0, e);
    str_release(&path);
    if (rc)
        return err_wrap(e, "%s", r->name);
    rc = ladder_whole(&q->session.lab, &l, &whole, e);
    if (!rc && !whole) {
        rc = repro_ladder_missing(r, i, l.name, e);
        if (!rc && (rc = ladder_make(q, r, &l, e)) && rc != ERR_INTERRUPTED && !e->full) {
            log_warn(q->session.lab.log, "%s: ladder %s cannot be made: %s", r->name, l.name,
                     e->msg);
            *e = (struct err)ERR_INIT;
            rc = OK;
        }
    }
    ladder_release(&l);
    return rc ? err_wrap(e, "%s: ladder %s", r->name, r->ladders[i].ladder) : OK;
}

/* ladder_waits - the ladder that a study's jobs cannot be listed without; NULL where there is none.
 */
static const char *ladder_waits(const struct repro *r, const struct study *s)
{
    for (size_t i = 0; i < r->n_ladders; i++)
        if (r->ladders[i].missing && lab_study_of_ladder(s, r->ladders[i].missing))
            return r->ladders[i].missing;
    return NULL;
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
        rc = study_read_from(&study, path.s, x->overrides, x->from, x->n_overrides, e);
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
    if (dry && ladder_waits(r, &study)) {
        log_info(lab->log, "%s: study %s: its jobs can be listed once ladder %s is there", r->name,
                 x->as, ladder_waits(r, &study));
        goto out;
    }
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
    else if (!rc && !(rc = finding_load(&t, dir, e)))
        rc = finding_text(t.root, session_width(), &out, e);
    if (!rc)
        fwrite(out.s, 1, out.len, stdout);
    doc_tree_release(&t);
    str_release(&path);
    str_release(&out);
    return rc;
}

/* What is missing from findings that were put to the test. */
struct lacking {
    size_t studies, jobs;
    size_t files; /* of other findings, that are left off the pages */
};

/* stops - whether nothing else is begun after this error: the user's will, or a full disk. */
static bool stops(int rc, const struct err *e)
{
    return rc == ERR_INTERRUPTED || (rc && e->full);
}

/* studies_run - one after the other. One that cannot be run is said and passed over, as long as
 * there is another. */
static int studies_run(struct asked *q, struct repro *r, struct lacking *lacking, struct err *e)
{
    size_t missing = 0;
    int rc = OK;
    for (size_t i = 0; i < r->n_studies && !rc; i++) {
        size_t before = r->samples.n;
        rc = study_of(q, r, i, &lacking->jobs, e);
        if (!rc || stops(rc, e) || missing + 1 == r->n_studies)
            continue;
        missing++;
        samples_cut(&r->samples, before);
        log_warn(q->session.lab.log, "goes on without it: %s", e->msg);
        rc = repro_missing(r, i, e->msg, e);
    }
    lacking->studies += rc ? 0 : missing;
    return rc;
}

/* name_say - of a finding of somebody's own file that has the name of one of the share's, which is
 * what results are kept by. */
static void name_say(const struct asked *q, const struct repro *r)
{
    struct str shared = STR_INIT;
    struct err none = ERR_INIT;
    char own[HASH_HEX], its[HASH_HEX];
    if (r->asked && !lab_finding_path(q->app->share, r->name, &shared, &none) &&
        !hash_file(r->asked, own, &none) && !hash_file(shared.s, its, &none) &&
        strcmp(own, its) != 0)
        log_warn(q->session.lab.log,
                 "%s has the name of another finding, %s: in this runs folder it takes its place",
                 r->asked, r->name);
    str_release(&shared);
}

/* kept_say - which settings of the command a study does not take over. */
static void kept_say(const struct asked *q, const struct repro *r)
{
    for (size_t i = 0; i < r->n_studies; i++)
        for (size_t k = 0; k < r->studies[i].n_kept; k++)
            log_info(q->session.lab.log, "%s: study %s keeps its own %s", r->name, r->studies[i].as,
                     r->studies[i].kept[k]);
}

/* idle_say - which settings of the command change nothing. */
static int idle_say(const struct asked *q, const struct repro *r, struct err *e)
{
    int rc = OK;
    for (size_t k = 0; k < q->n_with && !rc; k++) {
        bool idle;
        rc = repro_idle(r, q->app->share, k, &idle, e);
        if (!rc && idle)
            log_warn(q->session.lab.log, "%s: %s changes nothing in any of its studies", r->name,
                     q->with[k]);
    }
    return rc;
}

static int finding_run(struct asked *q, const char *name, struct lacking *lacking, struct err *e)
{
    struct repro r;
    struct str dir = STR_INIT;
    size_t failed = lacking->jobs;
    int rc = finding_open(q, name, &r, e);
    if (rc)
        return rc;
    name_say(q, &r);
    kept_say(q, &r);
    rc = idle_say(q, &r, e);
    if (!rc)
        rc = finding_hash(q, name, &r, e);
    if (!rc)
        rc = now_put(q, r.name, r.scale, r.file_hash, e);
    for (size_t i = 0; i < r.n_ladders && !rc; i++)
        rc = ladder_of(q, &r, i, e);
    if (!rc)
        rc = studies_run(q, &r, lacking, e);
    if (rc || option(q, "dry-run"))
        goto out;
    failed = lacking->jobs - failed;
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

/* lacking_say - that not all is there is an error, after what is there was written. */
static int lacking_say(size_t passed, size_t n, const struct lacking *x, struct err *e)
{
    struct str words = STR_INIT;
    if (passed)
        str_addf(&words, "%zu of %zu findings could not be put to the test", passed, n);
    if (x->studies)
        str_addf(&words, "%s%zu stud%s could not be run", words.len ? "; " : "", x->studies,
                 x->studies == 1 ? "y" : "ies");
    if (x->jobs)
        str_addf(&words, "%s%zu job%s failed, run again to try %s once more", words.len ? "; " : "",
                 x->jobs, x->jobs == 1 ? "" : "s", x->jobs == 1 ? "it" : "them");
    if (x->files)
        str_addf(&words, "%s%zu finding.json of the runs folder %s left off the pages",
                 words.len ? "; " : "", x->files, x->files == 1 ? "is" : "are");
    int rc = str_check(&words, e);
    if (!rc && words.len)
        rc = err_set(e, passed || x->studies || x->files ? ERR_INPUT : ERR_NUMERIC, "%s", words.s);
    str_release(&words);
    return rc;
}

/* pages_write - of all findings that the runs folder has. */
static int pages_write(struct asked *q, struct lacking *lacking, struct err *e)
{
    struct pages p = {.runs = q->runs,
                      .markdown = option(q, "markdown"),
                      .now = q->now,
                      .n_now = q->n_now,
                      .log = q->session.lab.log ? q->session.lab.log : &q->log,
                      .say = !q->app->json};
    return findings_pages(&p, &lacking->files, e);
}

/* findings_run - one after the other; of several, one that cannot be run is said and passed over.
 */
static int findings_run(struct asked *q, const char *const *names, size_t n, struct err *e)
{
    struct lacking lacking = {0, 0, 0};
    size_t passed = 0;
    int rc = OK;
    for (size_t i = 0; i < n && !rc; i++) {
        struct err why = ERR_INIT;
        rc = finding_run(q, names[i], &lacking, &why);
        if (rc && n > 1 && !stops(rc, &why)) {
            log_warn(q->session.lab.log, "passed over: %s", why.msg);
            passed++;
            rc = OK;
        } else if (rc) {
            *e = why;
        }
    }
    if (stops(rc, e)) {
        struct err why = *e;
        err_set(e, why.code, "%.700s; %sthe same command goes on from here", why.msg,
                why.full ? "with room made " : "");
        e->full = why.full;
    }
    if (!rc && !option(q, "dry-run") && passed < n)
        rc = pages_write(q, &lacking, e);
    return rc ? rc : lacking_say(passed, n, &lacking, e);
}

/* findings_check - every one is one that can be run, before the first of them is. */
static int findings_check(const struct asked *q, const char *const *names, size_t n, struct err *e)
{
    struct repro r;
    int rc = OK;
    for (size_t i = 0; i < n && !rc; i++)
        if (!(rc = finding_open(q, names[i], &r, e)))
            repro_release(&r);
    return rc;
}

static int scale_check(const char *scale, struct err *e)
{
    for (size_t i = 0; repro_scales[i]; i++)
        if (strcmp(repro_scales[i], scale) == 0)
            return OK;
    return err_set(e, ERR_INPUT, "--scale is \"%s\", wanted laptop, gpu or paper", scale);
}

/* operands_read - findings' names, given [*n], and settings, "key=value": both mem_free. */
static int operands_read(struct asked *q, const struct args *a, const char ***given, size_t *n,
                         struct err *e)
{
    *n = 0;
    *given = mem_alloc(a->n_rest + 1, sizeof **given, e);
    q->with = *given ? mem_alloc(a->n_rest + 1, sizeof *q->with, e) : NULL;
    if (!q->with)
        return e->code;
    for (size_t i = 0; i < a->n_rest; i++)
        if (strchr(a->rest[i], '='))
            q->with[q->n_with++] = a->rest[i];
        else
            (*given)[(*n)++] = a->rest[i];
    return OK;
}

/* page_anew - of what the runs folder has; nothing is computed. */
static int page_anew(struct asked *q, const char *page, struct err *e)
{
    struct lacking lacking = {0, 0, 0};
    int rc = findings_page_check(page, e);
    if (!rc && !file_exists(page) && !file_is_dir(q->runs))
        rc = err_set(e, ERR_INPUT, "--runs is %s, which is no folder that is there", q->runs);
    if (!rc)
        rc = now_read(q, e);
    if (!rc)
        rc = pages_write(q, &lacking, e);
    return rc ? rc : lacking_say(0, 0, &lacking, e);
}

static int reproduce_run(const struct app *app, const struct args *a, struct err *e)
{
    struct asked q = {
        .app = app, .args = a, .log = app->log, .threads = par_threads(), .strings = ARENA_INIT};
    struct str out = STR_INIT;
    const char **given = NULL;
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
    if (!rc)
        rc = operands_read(&q, a, &given, &n, e);
    if (!rc && !n && page && !q.n_with && !option(&q, "dry-run")) {
        rc = page_anew(&q, page, e);
        goto out;
    }
    if (!rc && !n)
        rc = err_set(e, ERR_INPUT,
                     "reproduce wants a finding, or all; w2s reproduce --list names them");
    bool all = !rc && n == 1 && strcmp(given[0], "all") == 0;
    if (all)
        rc = finding_names(app, &names, &n, e);
    const char *const *asked = all ? (const char *const *)names : given;
    if (!rc)
        rc = findings_check(&q, asked, n, e);
    if (!rc && page)
        rc = findings_page_check(page, e);
    if (!rc)
        rc = now_read(&q, e);
    if (!rc)
        rc = session_open(&q.session, app, q.runs, option(&q, "device"),
                          option(&q, "offline") != NULL, e);
    if (rc)
        goto out;
    rc = findings_run(&q, asked, n, e);
    session_close(&q.session);
out:
    mem_free(names);
    mem_free(given);
    mem_free(q.with);
    mem_free(q.now);
    arena_release(&q.strings);
    str_release(&out);
    return rc && e->full ? EXIT_FAILED : command_exit(rc);
}

const struct command cmd_reproduce = {
    .name = "reproduce",
    .operands = "FINDING... | all [key=value ...]",
    .line = "put findings of the study to the test: studies, figure, verdict",
    .help =
        "A finding is a name (w2s reproduce --list) or a .yaml file (docs/reproduce.md). Its "
        "studies are "
        "run, or found\n"
        "done; then what the paper found is tested claim by claim on their numbers, by "
        "bootstrap: it "
        "holds, does not\n"
        "hold, or cannot be told at this size. Stop it at any time and run it again to go on.\n"
        "key=value overrides a setting of all its studies.\n"
        "\n"
        "    w2s reproduce --list\n"
        "    w2s reproduce fig8-agreement\n"
        "    w2s reproduce fig8-agreement seeds=1\n"
        "    w2s reproduce all --markdown results.md\n"
        "\n"
        "Without a finding, --markdown FILE writes the page anew of what the runs folder has, and "
        "marks what is of\n"
        "earlier files; nothing is computed.\n",
    .options = options,
    .completes = "findings",
    .computes = true,
    .run = reproduce_run,
};
