/* cmd_run.c - run a study. */
#include "cli/command.h"
#include "cli/outcome.h"
#include "cli/session.h"
#include "cli/worker.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/stop.h"
#include "report/report.h"
#include "tensor/profile.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct option_row options[] = {
    {"runs", "DIR", "where results are kept (default: runs)", 0},
    {"dry-run", NULL, "list the jobs with estimated time and memory, compute nothing", 'n'},
    {"offline", NULL, "fetch nothing; what is missing is an error", 0},
    {"device", "NAME", "cpu (default) or reference", 0},
    {"jobs", "N",
     "small jobs at once, a thread each (default: one a core, as far as memory goes; 1 with "
     "--profile)",
     0},
    {"worker", NULL, "", 0}, /* compute the jobs that standard input names: crew.c */
    {"profile", NULL,
     "when it is done, say where the time went: operation, calls, time, share of the machine's own "
     "limit",
     0},
    {NULL, NULL, NULL, 0},
};

static int study_run(const struct app *app, struct session *s, const struct study *study,
                     bool profiled, struct err *e)
{
    struct lab_summary sum = {.dir = STR_INIT, .hold = -1};
    struct str table = STR_INIT;
    struct profile *profile = NULL;
    int rc = profiled ? profile_start(&profile, &s->dev, e) : OK;
    if (!rc)
        rc = lab_run(&s->lab, study, &sum, e);
    if (!rc && profiled)
        (app->json ? profile_json : profile_print)(profile, &table);
    profile_stop(profile);
    rc = outcome_end(app, s, &sum, rc, table.s, e);
    str_release(&table);
    return rc;
}

static int run_run(const struct app *app, const struct args *a, struct err *e)
{
    struct session s;
    struct study study;
    struct str out = STR_INIT;
    struct worker crew = {.argv = NULL};
    bool opened = false, dry = args_option(&cmd_run, a, "dry-run") != NULL,
         worker = args_option(&cmd_run, a, "worker") != NULL,
         profiled = args_option(&cmd_run, a, "profile") != NULL;
    int rc, threads = par_threads();
    size_t jobs = 0;
    rc = args_count("jobs", args_option(&cmd_run, a, "jobs"), 1, (size_t)threads, &jobs, e);
    if (!rc && profiled && jobs > 1)
        rc = err_set(e, ERR_INPUT,
                     "--profile measures this process, and --jobs %zu has jobs computed in others: "
                     "wanted one of the two, or --jobs 1",
                     jobs);
    if (!rc && profiled && dry)
        rc = err_set(e, ERR_INPUT,
                     "--profile says where the time went, and --dry-run computes "
                     "nothing: wanted one of the two");
    if (!rc)
        rc = worker_init(&crew, args_option(&cmd_run, a, "runs"),
                         args_option(&cmd_run, a, "device"), a->rest, a->n_rest, e);
    if (worker) {
        par_set_threads(1);
        stop_from_parent();
    }
    if (!rc)
        rc = session_study(&s, &study, app, &cmd_run, a, dry, false, e);
    opened = !rc;
    if (opened) {
        s.lab.threads = threads;
        s.lab.jobs = profiled ? 1 : jobs;
        s.lab.worker = crew.argv;
    }
    if (opened && dry) {
        rc = lab_plan_print(&s.lab, &study, app->json, &out, e);
        if (!rc)
            fwrite(out.s, 1, out.len, stdout);
    } else if (opened && worker) {
        rc = lab_work(&s.lab, &study, e);
    } else if (opened) {
        rc = study_run(app, &s, &study, profiled, e);
    }
    if (opened) {
        session_close(&s);
        study_release(&study);
    }
    str_release(&out);
    worker_release(&crew);
    return rc && e->full ? EXIT_FAILED : command_exit(rc);
}

const struct command cmd_run = {
    .name = "run",
    .operands = "STUDY [key=value ...]",
    .line = "run a study: supervisors, students, ceilings, PGR, report",
    .help = "STUDY is a name (quick, ladder) or a .yaml file (docs/studies.md). key=value "
            "overrides a setting of the\n"
            "study. Results are kept by what they depend on: run it again and only what is missing "
            "is computed;\n"
            "stop it at any time and run it again to go on.\n"
            "\n"
            "    w2s run quick\n"
            "    w2s run quick seeds=3 student.layers=12\n"
            "    w2s run my-study.yaml data.train=64 --dry-run\n",
    .options = options,
    .completes = "studies",
    .computes = true,
    .run = run_run,
};

static const struct option_row report_options[] = {
    {"runs", "DIR", "where results are kept (default: runs)", 0},
    {NULL, NULL, NULL, 0},
};

/* study_unknown - no results of a study of this name: which there are. */
static int study_unknown(const char *runs, const char *name, struct err *e)
{
    struct str studies = STR_INIT, list = STR_INIT;
    struct err none = ERR_INIT;
    char **names = NULL;
    size_t n = 0;
    str_path(&studies, runs, "studies");
    if (!file_list_stems(studies.s, "", &names, &n, &none))
        for (size_t i = 0; i < n; i++)
            str_addf(&list, "%s%s", i ? ", " : "", names[i]);
    const char *near = str_nearest(name, (const char *const *)names, n);
    int rc = near ? err_set(e, ERR_INPUT, "%s: no study \"%s\" has been run; did you mean \"%s\"?",
                            runs, name, near)
             : n  ? err_set(e, ERR_INPUT, "%s: no study \"%s\" has been run; there are %s", runs,
                            name, list.s)
                 : err_set(e, ERR_INPUT, "%s: no study has been run; w2s run %s first", runs, name);
    mem_free(names);
    str_release(&studies);
    str_release(&list);
    return rc;
}

/* results_path - of a study that has been run, and its folder. */
static int results_path(const char *runs, const char *name, struct str *dir, struct str *path,
                        struct err *e)
{
    str_reset(dir);
    str_addf(dir, "%s/studies/%s", runs, name);
    str_path(path, dir->s, "results.json");
    int rc = str_check(dir, e) ? e->code : str_check(path, e);
    if (!rc && !file_is_dir(dir->s))
        rc = study_unknown(runs, name, e);
    else if (!rc && !file_exists(path->s))
        rc = err_set(e, ERR_INPUT, "%s: no results yet; w2s run %s/study.yaml goes on with it",
                     dir->s, dir->s);
    return rc;
}

/* studies_json - the results of all, as they are, in a list. */
static int studies_json(const char *runs, const char *const *names, size_t n, struct str *out,
                        struct err *e)
{
    struct str dir = STR_INIT, path = STR_INIT, text = STR_INIT;
    int rc = OK;
    str_addc(out, '[');
    for (size_t i = 0; i < n && !rc; i++) {
        str_reset(&text);
        rc = results_path(runs, names[i], &dir, &path, e);
        if (!rc)
            rc = file_read(&text, path.s, e);
        str_cat(out, i ? "," : "");
        str_catn(out, text.s, text.len);
    }
    str_cat(out, "]\n");
    str_release(&dir);
    str_release(&path);
    str_release(&text);
    return rc ? rc : str_check(out, e);
}

/* studies_show - several studies in one table; their reports are left as they are. */
static int studies_show(const struct app *app, const char *runs, const char *const *names, size_t n,
                        struct err *e)
{
    struct str dir = STR_INIT, path = STR_INIT, out = STR_INIT;
    struct doc_tree *trees = mem_zalloc(n, sizeof *trees, e);
    const struct doc **roots = trees ? mem_zalloc(n, sizeof *roots, e) : NULL;
    int rc = roots ? OK : e->code;
    for (size_t i = 0; i < n && !rc && !app->json; i++) {
        rc = results_path(runs, names[i], &dir, &path, e);
        if (!rc)
            rc = doc_read_json(&trees[i], path.s, e);
        roots[i] = trees[i].root;
    }
    if (!rc)
        rc = app->json ? studies_json(runs, names, n, &out, e) : report_studies(roots, n, &out, e);
    if (!rc)
        fwrite(out.s, 1, out.len, stdout);
    for (size_t i = 0; trees && i < n; i++)
        doc_tree_release(&trees[i]);
    mem_free(trees);
    mem_free((void *)roots);
    str_release(&dir);
    str_release(&path);
    str_release(&out);
    return rc;
}

static int report_run(const struct app *app, const struct args *a, struct err *e)
{
    struct str dir = STR_INIT, results = STR_INIT, report = STR_INIT;
    int hold = -1;
    const char *runs = args_option(&cmd_report, a, "runs");
    if (a->n_rest < 1) {
        err_set(e, ERR_INPUT,
                "report wants the name of a study that has been run; see w2s help report");
        return EXIT_USAGE;
    }
    runs = runs ? runs : "runs";
    if (a->n_rest > 1)
        return command_exit(studies_show(app, runs, a->rest, a->n_rest, e));
    int rc = results_path(runs, a->rest[0], &dir, &results, e);
    bool kept = !rc && !file_writable(dir.s);
    if (kept)
        log_warn((struct log *)&app->log,
                 "%s: cannot be written to, so the report is left as it is", dir.s);
    if (!rc && !kept)
        rc = store_study_hold(dir.s, &hold, e);
    if (!rc && !kept)
        rc = report_write(dir.s, (struct log *)&app->log, e);
    if (!rc)
        rc = outcome_show(app, dir.s, e);
    str_addf(&report, "%s/report.html", dir.s);
    if (!rc && !app->json && !report.failed && file_exists(report.s))
        printf("\nreport: %s\n", report.s);
    file_unlock(hold);
    str_release(&dir);
    str_release(&results);
    str_release(&report);
    return command_exit(rc);
}

const struct command cmd_report = {
    .name = "report",
    .operands = "STUDY...",
    .line = "print a finished study's table and make its report again",
    .help = "Of several studies it prints one table, a row for each pair, and makes no report.\n"
            "\n"
            "    w2s report quick\n"
            "    w2s report quick quick-1a2b3c4d\n",
    .options = report_options,
    .completes = "results",
    .run = report_run,
};
