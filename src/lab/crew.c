/* clang-format off
 * crew.c - small jobs at once: worker processes that compute what they are told, one thread each.
 *
 *     run.c --crew_give--> "<hash>\n" --> lab_work: job_run --> {"event": "job", ...}
 *       ^                                                                |
 *       +----------------------------- crew_hear ------------------------+
 *
 * They are this program started again, with the same study: what is between processes that share a
 * study anyway (locks, jobs that appear whole) is between them too, and one that is killed takes
 * nothing with it: another is started in its place. Only run.c decides and speaks; their warnings
 * are passed on as its own.
 * clang-format on */
#include "lab/plan.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/proc.h"
#include "core/stop.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* What a worker has beside a job's weights and activations: program, libraries, texts. */
#define WORKER_BYTES ((size_t)128 << 20)

struct worker {
    struct proc proc; /* zeroed: started when there is a job for it, unless it is given up */
    bool ready;       /* it has read the study and takes jobs */
    bool given_up;    /* it cannot be started, or died before it was ready */
    struct str text;  /* heard and not yet a whole line */
    struct job *job;  /* that it computes; NULL */
    double start;
};

struct crew {
    const struct plan *plan;
    struct worker *list;
    struct pollfd *fds; /* [n] */
    size_t n;
};

size_t crew_size(const struct plan *p)
{
    const struct lab *lab = p->lab;
    size_t small = 0, most = 0, wanted = lab->jobs ? lab->jobs : (size_t)p->threads;
    if (!lab->worker || wanted < 2)
        return 0;
    for (size_t i = 0; i < p->n_jobs; i++) {
        const struct job *j = p->jobs[i];
        if (j->state != JOB_TODO || j->threads > 1)
            continue;
        size_t bytes = job_bytes(p, j);
        most = bytes > most ? bytes : most;
        small++;
    }
    if (small < 2)
        return 0;
    size_t each, fit = size_add(most, WORKER_BYTES, &each) ? mem_machine() / each : 0;
    size_t n = wanted < small ? wanted : small;
    if (fit < n) {
        n = fit > 1 ? fit : 1;
        log_info(lab->log, "small jobs at once: %zu, the machine's memory is not enough for more",
                 n);
    }
    return n;
}

/* worker_start - in its place, which has none. */
static int worker_start(const struct crew *c, struct worker *w, struct err *e)
{
    w->ready = false;
    str_release(&w->text);
    str_init(&w->text);
    int rc = proc_start(&w->proc, c->plan->lab->worker, false, e);
    w->given_up = rc != OK;
    return rc;
}

int crew_start(struct crew **out, const struct plan *p, struct err *e)
{
    struct crew *c;
    size_t n = crew_size(p);
    struct err why = ERR_INIT;
    *out = NULL;
    if (n < 2)
        return OK;
    c = mem_zalloc(1, sizeof *c, e);
    if (!c)
        return e->code;
    c->list = mem_zalloc(n, sizeof *c->list, e);
    c->fds = c->list ? mem_alloc(n, sizeof *c->fds, e) : NULL;
    if (!c->fds) {
        crew_end(c);
        return e->code;
    }
    c->plan = p;
    for (size_t i = 0; i < n; i++)
        str_init(&c->list[i].text);
    while (c->n < n && !worker_start(c, &c->list[c->n], &why))
        c->n++;
    if (c->n < n)
        log_warn(p->lab->log, "%zu workers instead of %zu: %s", c->n, n, why.msg);
    *out = c;
    return OK;
}

size_t crew_alive(const struct crew *c)
{
    size_t n = 0;
    for (size_t i = 0; c && i < c->n; i++)
        n += !c->list[i].given_up;
    return n;
}

size_t crew_working(const struct crew *c)
{
    size_t n = 0;
    for (size_t i = 0; c && i < c->n; i++)
        n += c->list[i].job != NULL;
    return n;
}

bool crew_has(const struct crew *c, const struct job *j)
{
    bool has = false;
    for (size_t i = 0; c && i < c->n; i++)
        has = has || c->list[i].job == j;
    return has;
}

/* worker_bury - one that says no more, or that cannot be heard; the job that it had is in *r. */
static void worker_bury(const struct crew *c, struct worker *w, struct crew_report *r)
{
    int status = proc_end(&w->proc);
    char how[64];
    *r = (struct crew_report){.job = w->job, .lost = w->job != NULL};
    if (w->text.failed)
        snprintf(how, sizeof how, "a worker was ended, no memory for what it says");
    else if (status > 128)
        snprintf(how, sizeof how, "a worker was killed (signal %d)", status - 128);
    else
        snprintf(how, sizeof how, "a worker ended with status %d", status);
    if (!stop_asked()) /* else it was to end */
        log_warn(c->plan->lab->log, "%s%s%s", how, w->job ? ": " : "", w->job ? w->job->label : "");
    /* What it was given before it was ready is not what killed it. */
    if (w->job && w->ready && !stop_asked()) {
        w->job->losses++;
        err_set(&w->job->why, ERR_CHILD, "its worker was killed twice, last by signal %d",
                status - 128);
        if (w->text.failed || status <= 128)
            err_set(&w->job->why, ERR_CHILD, "its worker ended twice before it was done");
    }
    w->given_up = !w->ready;
    w->job = NULL;
}

bool crew_give(struct crew *c, struct job *j)
{
    for (size_t i = 0; c && i < c->n; i++) {
        struct worker *w = &c->list[i];
        struct crew_report none;
        struct err why = ERR_INIT;
        char line[HASH_HEX + 1];
        snprintf(line, sizeof line, "%s\n", j->hash);
        while (!w->given_up && !w->job) {
            if (!w->proc.pid && worker_start(c, w, &why)) {
                log_warn(c->plan->lab->log, "a worker less: %s", why.msg);
            } else if (!proc_say(&w->proc, line)) {
                worker_bury(c, w, &none);
            } else {
                w->job = j;
                w->start = clock_now();
                return true;
            }
        }
    }
    return false;
}

/* worker_line - one line of what it wrote: what became of its job, a warning, or the last words of
 * a program that failed. */
static void worker_line(struct crew *c, struct worker *w, const char *line, struct crew_report *r)
{
    struct log *log = c->plan->lab->log;
    struct doc_tree t = DOC_TREE_INIT;
    struct err ignored = ERR_INIT;
    const char *event = "", *text = line;
    int64_t code = 0;
    int rc = doc_parse_json(&t, line, strlen(line), "worker", 1, &ignored);
    if (rc == ERR_NOMEM)
        w->text.failed = true;
    if (!rc) {
        (void)doc_opt_str(t.root, "event", &event, &ignored);
        (void)doc_opt_str(t.root, "text", &text, &ignored);
    }
    if (strcmp(event, "ready") == 0) {
        w->ready = true;
    } else if (strcmp(event, "job") == 0 && w->job) {
        *r = (struct crew_report){.job = w->job, .seconds = clock_now() - w->start};
        (void)doc_opt_bool(t.root, "busy", &r->busy, &ignored);
        (void)doc_opt_int(t.root, "code", 0, INT32_MAX, &code, &ignored);
        r->rc = (int)code;
        r->job->why = (struct err)ERR_INIT;
        if (r->rc)
            err_set(&r->job->why, r->rc, "%s", text);
        (void)doc_opt_bool(t.root, "full", &r->job->why.full, &ignored);
        w->job = NULL;
    } else {
        log_warn(log, "%s", text);
    }
    doc_tree_release(&t);
}

/* worker_hear - until a job's end is among what it said; *ended where it says no more, or there is
 * no memory for it. */
static void worker_hear(struct crew *c, struct worker *w, struct crew_report *r, bool *ended)
{
    *ended = !proc_hear(&w->proc, &w->text);
    for (char *nl; !r->job && !w->text.failed && (nl = memchr(w->text.s, '\n', w->text.len));) {
        size_t used = (size_t)(nl - w->text.s) + 1;
        *nl = '\0';
        worker_line(c, w, w->text.s, r);
        memmove(w->text.s, w->text.s + used, w->text.len - used + 1);
        w->text.len -= used;
    }
    *ended = (*ended || w->text.failed) && !r->job;
}

void crew_hear(struct crew *c, double wait, struct crew_report *r)
{
    nfds_t n = 0;
    *r = (struct crew_report){0};
    for (int again = 0; again < 2 && !r->job; again++) {
        for (size_t i = 0; i < c->n && !r->job; i++) {
            bool ended;
            if (!c->list[i].proc.pid)
                continue;
            worker_hear(c, &c->list[i], r, &ended);
            if (ended)
                worker_bury(c, &c->list[i], r);
        }
        if (r->job || again)
            break;
        for (size_t i = 0; i < c->n; i++)
            if (c->list[i].proc.pid)
                c->fds[n++] = (struct pollfd){c->list[i].proc.from, POLLIN, 0};
        poll(c->fds, n, (int)(1000 * wait));
    }
}

void crew_end(struct crew *c)
{
    for (size_t i = 0; c && i < c->n; i++)
        proc_stop(&c->list[i].proc);
    for (size_t i = 0; c && i < c->n; i++) {
        proc_end(&c->list[i].proc);
        str_release(&c->list[i].text);
    }
    if (c) {
        mem_free(c->fds);
        mem_free(c->list);
    }
    mem_free(c);
}

/* The other side: a worker. */

static void work_ready(void)
{
    puts("{\"event\": \"ready\"}");
    fflush(stdout);
}

static void work_report(const struct job *j, int rc, bool busy)
{
    struct str s = STR_INIT;
    struct js w;
    js_init(&w, &s);
    js_open(&w, '{');
    js_key(&w, "event"), js_str(&w, "job");
    js_key(&w, "busy"), js_bool(&w, busy);
    js_key(&w, "code"), js_int(&w, rc);
    js_key(&w, "full"), js_bool(&w, j->why.full);
    js_key(&w, "text"), js_str(&w, j->why.msg);
    js_close(&w, '}');
    if (!s.failed) {
        puts(s.s);
        fflush(stdout);
    }
    str_release(&s);
}

int lab_work(const struct lab *lab, const struct study *s, struct err *e)
{
    struct lab silent = *lab; /* what is to be said of the plan, the parent says */
    struct plan p;
    char line[256];
    int cache = -1;
    silent.log = NULL;
    int rc = plan_make(&p, &silent, s, e);
    if (rc)
        return rc;
    p.lab = lab;
    p.worker = true;
    rc = cached_features_hold(&p, &cache, e);
    if (!rc)
        work_ready();
    while (!rc && !stop_asked() && fgets(line, sizeof line, stdin)) {
        struct job *j = NULL;
        bool busy = false;
        line[strcspn(line, "\n")] = '\0';
        for (size_t i = 0; i < p.n_jobs; i++)
            if (strcmp(p.jobs[i]->hash, line) == 0 && p.jobs[i]->threads == par_threads())
                j = p.jobs[i];
        if (!j) {
            rc = err_set(e, ERR_INPUT, "\"%s\" is no small job of study %s", line, s->name);
            break;
        }
        j->why = (struct err)ERR_INIT;
        rc = job_run(&p, j, &busy, &j->why);
        work_report(j, rc, busy);
        if (rc == ERR_INTERRUPTED)
            *e = j->why;
        else
            rc = OK;
    }
    cached_features_drop(&p, cache, false);
    plan_release(&p);
    return rc;
}
