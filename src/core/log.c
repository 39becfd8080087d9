/* log.c - lines and the progress line on standard error. */
#include "core/log.h"
#include "core/doc.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/str.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REDRAW      0.1 /* seconds between two drawings on a terminal */
#define PLAIN_EVERY 60. /* seconds between two plain lines */

void log_init(struct log *l, enum log_level level, bool json)
{
    *l = (struct log){.level = level, .tty = isatty(STDERR_FILENO) != 0 && !json, .json = json};
}

static void line_clear(struct log *l)
{
    if (l->tty && l->priv)
        fputs("\r\033[K", stderr);
    l->priv = NULL;
}

static void event(const char *kind, const char *text)
{
    struct str s = STR_INIT;
    struct js j;
    js_init(&j, &s);
    js_open(&j, '{');
    js_key(&j, "event"), js_str(&j, kind);
    js_key(&j, "text"), js_str(&j, text);
    js_close(&j, '}');
    fprintf(stderr, "%s\n", s.s);
    str_release(&s);
}

static void __attribute__((format(printf, 3, 0)))
say(struct log *l, const char *kind, const char *fmt, va_list ap)
{
    struct str s = STR_INIT;
    str_vaddf(&s, fmt, ap);
    fflush(stdout);    /* both may be one file, and what is there came first */
    flockfile(stderr); /* of l->priv too */
    line_clear(l);
    if (l->json)
        event(kind, s.s);
    else
        fprintf(stderr, "%s%s\n", strcmp(kind, "warning") == 0 ? "warning: " : "", s.s);
    funlockfile(stderr);
    str_release(&s);
}

void log_info(struct log *l, const char *fmt, ...)
{
    va_list ap;
    if (!l || l->level < LOG_INFO)
        return;
    va_start(ap, fmt);
    say(l, "info", fmt, ap);
    va_end(ap);
}

void log_warn(struct log *l, const char *fmt, ...)
{
    va_list ap;
    if (!l || l->level < LOG_WARN)
        return;
    va_start(ap, fmt);
    say(l, "warning", fmt, ap);
    va_end(ap);
}

/* said_before - whether the words were; from now on they are. Without memory for that they are not.
 */
static bool said_before(struct log *l, const struct str *words)
{
    struct err none = ERR_INIT;
    char hex[HASH_HEX];
    bool before = false;
    if (words->failed || hash_bytes(words->s, words->len, hex, &none))
        return false;
    hex[16] = '\0';
    uint64_t sum = strtoull(hex, NULL, 16);
    flockfile(stderr);
    for (size_t i = 0; i < l->n_said && !before; i++)
        before = l->said[i] == sum;
    if (!before && !mem_grow(&l->said, &l->cap_said, l->n_said + 1, sizeof *l->said, &none))
        l->said[l->n_said++] = sum;
    funlockfile(stderr);
    return before;
}

void log_warn_once(struct log *l, const char *fmt, ...)
{
    struct str words = STR_INIT;
    va_list ap;
    if (!l || l->level < LOG_WARN)
        return;
    va_start(ap, fmt);
    str_vaddf(&words, fmt, ap);
    va_end(ap);
    if (!said_before(l, &words))
        log_warn(l, "%s", words.s);
    str_release(&words);
}

void log_release(struct log *l)
{
    mem_free(l->said);
    l->said = NULL;
    l->n_said = l->cap_said = 0;
}

double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool shown(const struct progress *p)
{
    return p->log && p->log->level >= LOG_INFO;
}

/* What a line says. */
struct reading {
    double part, rate, seconds, left; /* rate: 0 unknown; left: NAN unknown */
};

static struct reading progress_read(const struct progress *p, double now, bool end)
{
    struct reading r = {.seconds = now - p->t_start, .left = (double)NAN};
    double part = p->total > 0 ? p->done / p->total : 0;
    r.part = part < 0 ? 0 : part > 1 ? 1 : part;
    r.rate = p->unit && r.seconds > 0 ? p->units / r.seconds : 0;
    if (end && r.part >= 1)
        r.left = 0;
    else if (!end && r.part > 0.02 && r.seconds > 1)
        r.left = r.seconds / r.part - r.seconds;
    return r;
}

static void progress_text(const struct progress *p, const struct reading *r, const char *note,
                          bool end, struct str *s)
{
    str_addf(s, "%s  ", p->what);
    if (p->log->tty) {
        enum { CELLS = 20 };
        int full = (int)(r->part * CELLS);
        str_addc(s, '[');
        for (int i = 0; i < CELLS; i++)
            str_addc(s, i < full ? '#' : '-');
        str_cat(s, "] ");
    }
    str_addf(s, "%3.0f%%", 100 * r->part);
    if (r->rate > 0) {
        str_cat(s, "  ");
        if (strcmp(p->unit, "bytes") == 0)
            str_bytes(s, r->rate);
        else
            str_addf(s, r->rate < 10 ? "%.1f %s" : "%.0f %s", r->rate, p->unit);
        str_cat(s, "/s");
    }
    if (end) {
        str_cat(s, "  in ");
        str_duration(s, r->seconds);
    } else if (!isnan(r->left)) {
        str_cat(s, "  ");
        str_duration(s, r->left);
        str_cat(s, " left");
    }
    if (!isnan(p->loss))
        str_addf(s, "  loss %.4f", p->loss);
    if (note)
        str_addf(s, "  %s", note);
}

static void progress_json(const struct progress *p, const struct reading *r, const char *note,
                          bool end, const char *text)
{
    struct str s = STR_INIT;
    struct js j;
    js_init(&j, &s);
    js_open(&j, '{');
    js_key(&j, "event"), js_str(&j, "progress");
    js_key(&j, "phase"), js_str(&j, p->what);
    js_key(&j, "done"), js_real(&j, p->done);
    js_key(&j, "total"), js_real(&j, p->total);
    js_key(&j, "rate"), js_real(&j, r->rate > 0 ? r->rate : (double)NAN);
    js_key(&j, "unit");
    if (p->unit)
        js_str(&j, p->unit);
    else
        js_null(&j);
    js_key(&j, "seconds"), js_real(&j, r->seconds);
    js_key(&j, "seconds_left"), js_real(&j, r->left);
    js_key(&j, "loss"), js_real(&j, p->loss);
    js_key(&j, "ended"), js_bool(&j, end);
    js_key(&j, "note");
    if (note)
        js_str(&j, note);
    else
        js_null(&j);
    js_key(&j, "text"), js_str(&j, text);
    js_close(&j, '}');
    if (!s.failed)
        fprintf(stderr, "%s\n", s.s);
    str_release(&s);
}

/* draw - the line as it stands: bar and redraw on a terminal, plain text or JSON else. */
static void draw(struct progress *p, const char *note, bool end)
{
    struct str s = STR_INIT;
    p->t_drawn = clock_now();
    const struct reading r = progress_read(p, p->t_drawn, end);
    progress_text(p, &r, note, end, &s);
    fflush(stdout);
    flockfile(stderr);
    if (p->log->json) {
        progress_json(p, &r, note, end, s.s);
    } else if (p->log->tty) {
        fprintf(stderr, "\r\033[K%s%s", s.s, end ? "\n" : "");
        p->log->priv = end ? NULL : p;
        fflush(stderr);
    } else {
        fprintf(stderr, "%s\n", s.s);
    }
    funlockfile(stderr);
    str_release(&s);
}

void progress_begin(struct progress *p, struct log *l, const char *what, double total,
                    const char *unit)
{
    double now = clock_now();
    *p = (struct progress){.log = l,
                           .unit = unit,
                           .total = total,
                           .loss = (double)NAN,
                           .t_start = now,
                           .t_drawn = now};
    snprintf(p->what, sizeof p->what, "%s", what);
}

void progress_step(struct progress *p, double done, double units, const char *note)
{
    if (!p)
        return;
    p->done = done;
    p->units = units;
    if (shown(p) && clock_now() - p->t_drawn >= (p->log->tty ? REDRAW : PLAIN_EVERY))
        draw(p, note, false);
}

void progress_end(struct progress *p, int rc)
{
    if (!p || !shown(p))
        return;
    if (!rc)
        p->done = p->total;
    /* What was over before a line was worth drawing is not worth one now. */
    if (clock_now() - p->t_start >= 1 || p->log->priv == p)
        draw(p, rc ? "not finished" : NULL, true);
}
