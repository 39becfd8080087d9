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
    s->lab.log = &s->log;
    s->lab.version = version_string;
    s->lab.command = app->command;
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
    s->lab.offline = offline;
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

void session_close(struct session *s)
{
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
