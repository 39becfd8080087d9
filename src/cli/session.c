/* session.c - opening what a command stands on. */
#include "cli/session.h"
#include "core/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void session_init(struct session *s, const struct app *app)
{
    memset(s, 0, sizeof *s);
    s->log = app->log;
    s->lab.share = app->share;
    s->lab.runs = "runs";
    s->lab.log = &s->log;
    s->lab.version = version_string;
    s->lab.command = app->command;
    s->lab.pace = &s->pace;
}

int session_view(struct session *s, const struct app *app, const char *runs, struct err *e)
{
    struct str jobs = STR_INIT;
    session_init(s, app);
    runs = runs ? runs : "runs";
    str_path(&jobs, runs, "jobs");
    int rc = str_check(&jobs, e);
    if (!rc && !file_is_dir(runs))
        rc = err_set(e, ERR_INPUT,
                     "%s: no such runs folder; w2s run makes one, --runs names another", runs);
    else if (!rc && !file_is_dir(jobs.s))
        rc = err_set(e, ERR_INPUT, "%s: not a runs folder: it has no jobs in it", runs);
    if (!rc)
        rc = store_view(&s->lab.store, runs, e);
    str_release(&jobs);
    return rc;
}

int session_open(struct session *s, const struct app *app, const char *runs, const char *device,
                 bool offline, struct err *e)
{
    int rc;
    session_init(s, app);
    s->lab.runs = runs && *runs ? runs : s->lab.runs;
    s->lab.offline = offline ? "--offline was given" : NULL;
    rc = assets_open(&s->lab.assets, app->share, e);
    if (!rc && !(runs && !*runs))
        rc = store_open(&s->lab.store, runs ? runs : "runs", e);
    if (!rc && !(device && !*device)) {
        rc = dev_open(&s->dev, device ? device : "cpu", e);
        s->dev_open = !rc;
        s->lab.dev = &s->dev;
    }
    if (rc)
        session_close(s);
    return rc;
}

static const char *option_if(const struct command *c, const struct args *a, const char *name)
{
    for (const struct option_row *o = c->options; o->name; o++)
        if (strcmp(o->name, name) == 0)
            return args_option(c, a, name);
    return NULL;
}

/* study_find - the file of a study by its name, or, with runs, of one that was run there. */
static int study_find(const struct app *app, const char *name, const char *runs, struct str *path,
                      struct err *e)
{
    struct str ran = STR_INIT;
    int rc = lab_study_path(app->share, name, path, e);
    if (rc == ERR_INPUT && runs && !lab_is_path(name)) {
        str_addf(&ran, "%s/studies/%s/study.yaml", runs, name);
        if (!ran.failed && file_exists(ran.s)) {
            *e = (struct err)ERR_INIT;
            str_reset(path);
            str_cat(path, ran.s);
            rc = str_check(path, e);
        }
    }
    str_release(&ran);
    return rc;
}

/* idle_say - which of the overrides change nothing. */
static int idle_say(struct log *log, const struct study *study, const char *path,
                    const char *const *overrides, size_t n, struct err *e)
{
    struct str why = STR_INIT;
    int rc = OK;
    for (size_t k = 0; k < n && !rc; k++) {
        str_reset(&why);
        rc = study_idle(study, path, overrides, n, k, &why, e);
        if (!rc && why.len)
            log_warn(log, "%s", why.s);
    }
    str_release(&why);
    return rc;
}

int session_study(struct session *s, struct study *study, const struct app *app,
                  const struct command *c, const struct args *a, bool view, bool ran, struct err *e)
{
    struct str path = STR_INIT;
    struct log log = app->log;
    const char *runs = args_option(c, a, "runs");
    if (a->n_rest < 1)
        return err_set(e, ERR_INPUT,
                       "%s wants a study: a name (quick) or a .yaml file; see w2s help %s", c->name,
                       c->name);
    if (runs && !*runs)
        return err_set(e, ERR_INPUT, "--runs is empty, wanted a folder");
    int rc = study_find(app, a->rest[0], !ran ? NULL : runs ? runs : "runs", &path, e);
    if (!rc)
        rc = study_read(study, path.s, a->rest + 1, a->n_rest - 1, e);
    if (!rc && !option_if(c, a, "worker") &&
        (rc = idle_say(&log, study, path.s, a->rest + 1, a->n_rest - 1, e)))
        study_release(study);
    str_release(&path);
    if (rc)
        return rc;
    rc = session_open(s, app, view ? "" : runs, option_if(c, a, "device"),
                      args_option(c, a, "offline") != NULL, e);
    if (rc)
        goto out;
    s->lab.runs = runs ? runs : s->lab.runs;
    rc = dev_precision_set(&s->dev, study->precision, e);
    if (!rc && view)
        rc = store_view(&s->lab.store, runs ? runs : "runs", e);
    if (rc)
        session_close(s);
out:
    if (rc)
        study_release(study);
    return rc;
}

void session_close(struct session *s)
{
    log_release(&s->log);
    if (s->dev_open)
        dev_close(&s->dev);
    store_close(s->lab.store);
    assets_close(s->lab.assets);
    memset(s, 0, sizeof *s);
}

size_t session_width(void)
{
    struct winsize w;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col)
        return w.ws_col;
    const char *columns = getenv("COLUMNS");
    long n = columns ? strtol(columns, NULL, 10) : 0;
    return n > 20 && n < 1000 ? (size_t)n : 100;
}
