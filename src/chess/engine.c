/* engine.c - UCI, the parent's side. */
#include "chess/engine.h"
#include "chess/notation.h"
#include "core/file.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/stop.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define GRACE      .5 /* seconds to end in, when asked */
#define LINE_BYTES 65536
#define ARGS_MAX   16

/*  uci                       isready                  ucinewgame, isready           go
 *   GREETING ── uciok: options_set ──► SETTING ── readyok ──► IDLE ── engine_begin ──►
 *   CLEARING ── readyok: go ──► SEARCHING ── bestmove ──► IDLE */
enum state { GREETING, SETTING, IDLE, CLEARING, SEARCHING };

struct option {
    char *name;
    bool number;
    long min, max;
};

struct engine {
    struct proc proc;
    char *command, *options, *called;
    double timeout, until;
    enum state state;
    struct str heard; /* the beginning of a line */
    char last[120];   /* the last line, for sentences */
    struct option *known;
    size_t n_known, known_cap;
    struct board board;
    int depth;
    size_t lines, lines_set;
    struct engine_found found;
};

void engine_defaults(struct engine_settings *s)
{
    *s = (struct engine_settings){"stockfish", NULL, 60};
}

const char *engine_name(const struct engine *en)
{
    return en->called ? en->called : en->command;
}

int engine_fd(const struct engine *en)
{
    return en->proc.from;
}

const struct engine_found *engine_found(const struct engine *en)
{
    return &en->found;
}

/* ended - the sentence about an engine that is gone. */
static int ended(struct engine *en, struct err *e)
{
    static const char *const when[] = {"before it was ready", "before it was ready",
                                       "between searches", "before a search",
                                       "in the middle of a search"};
    const int status = proc_end_by(&en->proc, GRACE);
    char how[40];
    if (status >= 128)
        snprintf(how, sizeof how, "by signal %d", status - 128);
    else
        snprintf(how, sizeof how, "with exit status %d", status);
    return err_set(e, ERR_CHILD, "%s ended %s, %s%s%s", engine_name(en), when[en->state], how,
                   *en->last ? "; it said last: " : "", en->last);
}

static int say(struct engine *en, const char *text, struct err *e)
{
    return proc_say(&en->proc, text) ? OK : ended(en, e);
}

/* word - the next word of *s, which moves behind it; its length, 0 at the end. */
static size_t word(const char **s, const char **w)
{
    *s += strspn(*s, " \t");
    *w = *s;
    *s += strcspn(*s, " \t");
    return (size_t)(*s - *w);
}

static bool is(const char *w, size_t n, const char *what)
{
    return strlen(what) == n && memcmp(w, what, n) == 0;
}

static long number(const char **s)
{
    const char *w;
    char text[24];
    const size_t n = word(s, &w);
    snprintf(text, sizeof text, "%.*s", (int)(n < 23 ? n : 23), w);
    return strtol(text, NULL, 10);
}

/* option_hear - "name Skill Level type spin default 20 min 0 max 20". */
static int option_hear(struct engine *en, const char *s, struct err *e)
{
    const char *w, *name = NULL, *end = NULL;
    struct option o = {NULL, false, 0, 0};
    size_t n = word(&s, &w);
    if (!is(w, n, "name"))
        return OK;
    name = s + strspn(s, " \t");
    while ((n = word(&s, &w)) && !is(w, n, "type"))
        end = w + n;
    if (!end)
        return OK;
    n = word(&s, &w);
    o.number = is(w, n, "spin");
    while ((n = word(&s, &w))) {
        if (is(w, n, "min"))
            o.min = number(&s);
        else if (is(w, n, "max"))
            o.max = number(&s);
    }
    int rc = mem_grow(&en->known, &en->known_cap, en->n_known + 1, sizeof *en->known, e);
    if (rc)
        return rc;
    o.name = mem_strndup(name, (size_t)(end - name), e);
    if (!o.name)
        return e->code;
    en->known[en->n_known++] = o;
    return OK;
}

static const struct option *option_find(const struct engine *en, const char *name)
{
    for (size_t i = 0; i < en->n_known; i++)
        if (strcasecmp(en->known[i].name, name) == 0)
            return &en->known[i];
    return NULL;
}

static int option_set(struct engine *en, const char *name, const char *value, struct err *e)
{
    const struct option *o = option_find(en, name);
    char *end = NULL;
    if (!o) {
        const char *names[256], *near;
        size_t n = 0;
        for (; n < en->n_known && n < 256; n++)
            names[n] = en->known[n].name;
        near = str_nearest(name, names, n);
        return err_set(e, ERR_INPUT, "%s has no option \"%s\"%s%s%s", engine_name(en), name,
                       near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    errno = 0;
    const long v = strtol(value, &end, 10);
    if (o->number && (errno || end == value || *end || v < o->min || v > o->max))
        return err_set(e, ERR_INPUT, "%s: option %s is \"%s\", wanted a number from %ld to %ld",
                       engine_name(en), o->name, value, o->min, o->max);
    struct str line = STR_INIT;
    str_addf(&line, "setoption name %s value %s\n", o->name, value);
    int rc = str_check(&line, e);
    if (!rc)
        rc = say(en, line.s, e);
    str_release(&line);
    return rc;
}

/* options_set - "Name=Value;Name=Value", and then whether it is ready. */
static int options_set(struct engine *en, struct err *e)
{
    int rc = OK;
    for (char *s = en->options; s && *s && !rc;) {
        char *next = strchr(s, ';'), *value;
        if (next)
            *next++ = '\0';
        if (!(value = strchr(s, '=')))
            return err_set(e, ERR_INPUT, "engine option \"%s\", wanted NAME=VALUE;NAME=VALUE", s);
        *value++ = '\0';
        rc = option_set(en, s, value, e);
        s = next;
    }
    en->state = SETTING;
    return rc ? rc : say(en, "isready\n", e);
}

static int go(struct engine *en, struct err *e)
{
    char fen[FEN_MAX], text[FEN_MAX + 64];
    board_write(&en->board, fen);
    snprintf(text, sizeof text, "position fen %s\ngo depth %d\n", fen, en->depth);
    en->state = SEARCHING;
    return say(en, text, e);
}

static int move_hear(struct engine *en, const char *w, size_t n, move *m, struct err *e)
{
    char fen[FEN_MAX];
    struct err why = ERR_INIT;
    if (!uci_read(&en->board, w, n, m, &why))
        return OK;
    board_write(&en->board, fen);
    return err_set(e, ERR_CHILD, "%s: its line \"%s\" has no move of the position %s",
                   engine_name(en), en->last, fen);
}

/* info_hear - "depth 8 multipv 2 score cp -13 pv e2e4 e7e5". */
static int info_hear(struct engine *en, const char *s, struct err *e)
{
    struct engine_line line = {NO_MOVE, 0, 0};
    long place = 1;
    bool scored = false;
    const char *w;
    for (size_t n; (n = word(&s, &w));) {
        if (is(w, n, "depth")) {
            line.depth = (int)number(&s);
        } else if (is(w, n, "multipv")) {
            place = number(&s);
        } else if (is(w, n, "cp")) {
            const long cp = number(&s), most = ENGINE_MATE - 1000;
            line.score = (int)(cp > most ? most : cp < -most ? -most : cp);
            scored = true;
        } else if (is(w, n, "mate")) {
            const long in = number(&s);
            line.score = in > 0 ? ENGINE_MATE - (int)(in < 999 ? in : 999)
                                : -ENGINE_MATE - (int)(in > -999 ? in : -999);
            scored = true;
        } else if (is(w, n, "lowerbound") || is(w, n, "upperbound")) {
            return OK; /* what it has searched again since says more */
        } else if (is(w, n, "string")) {
            return OK;
        } else if (is(w, n, "pv")) {
            n = word(&s, &w);
            int rc = move_hear(en, w, n, &line.first, e);
            if (rc)
                return rc;
            break;
        }
    }
    if (!scored || !line.first || place < 1 || place > (long)en->lines || line.depth < 1 ||
        line.depth > ENGINE_DEPTHS)
        return OK;
    struct engine_found *f = &en->found;
    if ((size_t)place > f->n + 1)
        return OK;
    f->lines[place - 1] = line;
    f->n = f->n > (size_t)place ? f->n : (size_t)place;
    if (place == 1)
        f->at[line.depth] = line.first;
    return OK;
}

static int best_hear(struct engine *en, const char *s, struct err *e)
{
    const char *w;
    const size_t n = word(&s, &w);
    int rc = move_hear(en, w, n, &en->found.best, e);
    if (!rc && !en->found.n)
        rc = err_set(e, ERR_CHILD, "%s: it said \"%s\" and not how it came to it", engine_name(en),
                     en->last);
    en->state = IDLE;
    return rc;
}

static int line_hear(struct engine *en, const char *s, struct err *e)
{
    const char *w, *rest = s;
    const size_t n = word(&rest, &w);
    if (!n)
        return OK;
    size_t k = 0;
    for (; s[k] && k + 1 < sizeof en->last; k++)
        en->last[k] = s[k] >= ' ' && s[k] <= '~' ? s[k] : '?';
    en->last[k] = '\0';
    switch (en->state) {
    case GREETING:
        if (is(w, n, "option"))
            return option_hear(en, rest, e);
        if (is(w, n, "id") && word(&rest, &w) == 4 && is(w, 4, "name") && !en->called) {
            en->called = mem_strdup(rest + strspn(rest, " \t"), e);
            return en->called ? OK : e->code;
        }
        return is(w, n, "uciok") ? options_set(en, e) : OK;
    case SETTING:
        if (is(w, n, "readyok"))
            en->state = IDLE;
        return OK;
    case CLEARING:
        return is(w, n, "readyok") ? go(en, e) : OK;
    case SEARCHING:
        if (is(w, n, "info"))
            return info_hear(en, rest, e);
        return is(w, n, "bestmove") ? best_hear(en, rest, e) : OK;
    case IDLE:
        break;
    }
    return OK;
}

static int late(struct engine *en, struct err *e)
{
    struct str t = STR_INIT;
    str_number(&t, en->timeout);
    int rc =
        en->state == GREETING
            ? err_set(e, ERR_CHILD, "%s did not say uciok within %s seconds; is it a UCI engine?",
                      en->command, t.s)
            : err_set(e, ERR_CHILD, "%s did not answer within %s seconds%s%s", engine_name(en), t.s,
                      *en->last ? "; it said last: " : "", en->last);
    str_release(&t);
    return rc;
}

int engine_step(struct engine *en, bool *done, struct err *e)
{
    const bool lives = proc_hear(&en->proc, &en->heard);
    char *s = en->heard.s, *end;
    int rc = str_check(&en->heard, e);
    while (!rc && (end = memchr(s, '\n', en->heard.len - (size_t)(s - en->heard.s)))) {
        *end = '\0';
        s[strcspn(s, "\r")] = '\0';
        rc = line_hear(en, s, e);
        s = end + 1;
    }
    if (rc)
        return rc;
    const size_t used = (size_t)(s - en->heard.s);
    if (used) {
        memmove(en->heard.s, s, en->heard.len - used + 1);
        en->heard.len -= used;
    }
    *done = en->state == IDLE;
    if (*done)
        return OK;
    if (!lives)
        return ended(en, e);
    if (en->heard.len > LINE_BYTES)
        return err_set(e, ERR_CHILD, "%s says a line of more than %d bytes; is it a UCI engine?",
                       engine_name(en), LINE_BYTES);
    return clock_now() > en->until ? late(en, e) : OK;
}

int engine_wait(struct engine *en, struct err *e)
{
    bool done = false;
    int rc;
    while (!(rc = engine_step(en, &done, e)) && !done) {
        struct pollfd p = {en->proc.from, POLLIN, 0};
        if ((rc = stop_check(e)))
            break;
        poll(&p, 1, 100);
    }
    return rc;
}

/* start - command as a program's path, or split at blanks; what is not found is looked for where
 * Debian puts games. */
static int start(struct engine *en, struct err *e)
{
    const char *argv[ARGS_MAX + 1] = {en->command};
    char *words = NULL;
    size_t n = 1;
    if (!file_exists(en->command)) {
        if (!(words = mem_strdup(en->command, e)))
            return e->code;
        n = 0;
        for (char *s = words; *(s += strspn(s, " ")) && n < ARGS_MAX;) {
            argv[n++] = s;
            s += strcspn(s, " ");
            if (*s)
                *s++ = '\0';
        }
    }
    argv[n] = NULL;
    int rc = n ? proc_start(&en->proc, argv, true, e)
               : err_set(e, ERR_INPUT, "the engine's command is empty");
    if (rc == ERR_CHILD && !strchr(argv[0], '/')) {
        char path[256];
        struct err ignored = ERR_INIT;
        snprintf(path, sizeof path, "/usr/games/%s", argv[0]);
        argv[0] = path;
        if (file_exists(path) && !proc_start(&en->proc, argv, true, &ignored))
            rc = OK;
    }
    mem_free(words);
    return rc;
}

int engine_open(struct engine **out, const struct engine_settings *s, struct err *e)
{
    struct engine *en = mem_zalloc(1, sizeof *en, e);
    *out = NULL;
    if (!en)
        return e->code;
    str_init(&en->heard);
    en->timeout = s->timeout;
    en->until = clock_now() + s->timeout;
    en->lines_set = 1; /* as UCI has it */
    en->command = mem_strdup(s->command, e);
    if (en->command && s->options)
        en->options = mem_strdup(s->options, e);
    int rc = !en->command || (s->options && !en->options) ? e->code : start(en, e);
    if (!rc)
        rc = say(en, "uci\n", e);
    if (!rc)
        rc = engine_wait(en, e);
    if (rc) {
        engine_close(en);
        return rc;
    }
    *out = en;
    return OK;
}

int engine_begin(struct engine *en, const struct board *b, int depth, size_t lines, struct err *e)
{
    BUG_ON(en->state != IDLE || depth < 1 || depth > ENGINE_DEPTHS || !lines ||
           lines > ENGINE_LINES);
    int rc = OK;
    en->board = *b;
    en->depth = depth;
    en->lines = lines;
    en->found = (struct engine_found){.n = 0};
    en->until = clock_now() + en->timeout;
    if (lines != en->lines_set) {
        char text[24];
        snprintf(text, sizeof text, "%zu", lines);
        rc = option_set(en, "MultiPV", text, e);
        en->lines_set = lines;
    }
    en->state = CLEARING;
    return rc ? rc : say(en, "ucinewgame\nisready\n", e);
}

void engine_close(struct engine *en)
{
    if (!en)
        return;
    proc_end_by(&en->proc, GRACE);
    for (size_t i = 0; i < en->n_known; i++)
        mem_free(en->known[i].name);
    mem_free(en->known);
    mem_free(en->command);
    mem_free(en->options);
    mem_free(en->called);
    str_release(&en->heard);
    mem_free(en);
}
