/* session.c - opening what a command stands on. */
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int session_open(struct session *s, const struct app *app, const char *runs, const char *device, bool offline, struct err *e)
{
    int rc;
    memset(s, 0, sizeof *s);
    s->log = app->log;
    s->lab.share = app->share;
    s->lab.log = &s->log;
    s->lab.offline = offline;
    s->lab.version = version_string;
    s->lab.command = app->command;
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
