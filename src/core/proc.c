/* proc.c - child processes with both outputs read. */
#include "core/proc.h"
#include "core/stop.h"
#include "core/log.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS       100
#define HEARD_AT_ONCE 64 /* pieces, so that one that never ends is not listened to for ever */

/* child - never returns: the program, or the reason it could not be started through `report`. */
static void child(const char *const *argv, const int in[2], const int out[2], const int errout[2],
                  int report)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (dup2(in[0], 0) >= 0 && dup2(out[1], 1) >= 0 && dup2(errout[1], 2) >= 0)
        execvp(argv[0], (char *const *)(size_t)argv);
    int number = errno;
    ssize_t ignored = write(report, &number, sizeof number);
    (void)ignored;
    _exit(127);
}

/* die_with - no child outlives a parent that was killed. */
static void die_with(pid_t parent)
{
#ifdef __linux__
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() != parent)
        _exit(127); /* it is dead already */
#else
    (void)parent;
#endif
}

static void pipe_close(int p[2])
{
    for (int i = 0; i < 2; i++)
        if (p[i] >= 0)
            close(p[i]);
    p[0] = p[1] = -1;
}

static int pipe_make(int p[2])
{
    if (pipe(p))
        return -1;
    fcntl(p[0], F_SETFD, FD_CLOEXEC);
    fcntl(p[1], F_SETFD, FD_CLOEXEC);
    return 0;
}

static void end_close(int *fd)
{
    close(*fd);
    *fd = -1;
}

/* talk - feed the input, read both outputs until they end. */
static void talk(struct proc_result *r, pid_t pid, int *in, int *out, int *errout,
                 const char *input, size_t n, void (*tick)(void *), void *ctx)
{
    char buf[8192];
    bool told = false; /* to end, because we are */
    fcntl(*in, F_SETFL, O_NONBLOCK);
    if (!n)
        end_close(in);
    while (*out >= 0 || *errout >= 0) {
        struct pollfd p[3] = {{*out, POLLIN, 0}, {*errout, POLLIN, 0}, {*in, POLLOUT, 0}};
        int ready = poll(p, 3, TICK_MS);
        if (tick)
            tick(ctx);
        if (!told && stop_asked())
            told = kill(pid, SIGTERM) == 0;
        if (ready <= 0)
            continue;
        for (int i = 0; i < 2; i++) {
            int *fd = i ? errout : out;
            if (*fd < 0 || !p[i].revents)
                continue;
            ssize_t got = read(*fd, buf, sizeof buf);
            if (got > 0)
                str_catn(i ? &r->errout : &r->out, buf, (size_t)got);
            else if (got == 0 || errno != EINTR)
                end_close(fd);
        }
        if (*in >= 0 && p[2].revents) {
            ssize_t put = write(*in, input, n);
            if (put > 0) {
                input += put;
                n -= (size_t)put;
            }
            if (!n || (put < 0 && errno != EAGAIN && errno != EINTR))
                end_close(in);
        }
    }
}

/* wait_for - a child's exit status; 128 + signal. */
static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* start - a child whose input is written to *in, whose outputs are read from *out and *errout, or
 * both from *out where errout is NULL. bound: not outliving this process; apart: in a process group
 * of its own. */
static int start(pid_t *pid, const char *const *argv, bool bound, bool apart, int *in, int *out,
                 int *errout, struct err *e)
{
    int i[2] = {-1, -1}, o[2] = {-1, -1}, x[2] = {-1, -1}, report[2] = {-1, -1}, rc = OK, number;
    pid_t parent = getpid();
    *pid = -1;
    if (!pipe_make(i) && !pipe_make(o) && (!errout || !pipe_make(x)) && !pipe_make(report))
        *pid = fork();
    if (*pid < 0) {
        rc = err_sys(e, "cannot run %s", argv[0]);
        goto out;
    }
    if (*pid == 0) {
        if (bound)
            die_with(parent);
        if (apart)
            setpgid(0, 0); /* fails for one that leads a group already, and this one is new */
        child(argv, i, o, errout ? x : o, report[1]);
    }
    end_close(&report[1]);
    if (read(report[0], &number, sizeof number) == (ssize_t)sizeof number) {
        waitpid(*pid, NULL, 0);
        rc = err_set(e, ERR_CHILD, "cannot run %s: %s", argv[0], strerror(number));
        goto out;
    }
    *in = i[1], *out = o[0];
    i[1] = o[0] = -1;
    if (errout) {
        *errout = x[0];
        x[0] = -1;
    }
out:
    pipe_close(i), pipe_close(o), pipe_close(x), pipe_close(report);
    return rc;
}

int proc_run(struct proc_result *r, const char *const *argv, const char *input, size_t input_n,
             void (*tick)(void *), void *tick_ctx, struct err *e)
{
    int in, out, errout, rc;
    pid_t pid;
    str_init(&r->out);
    str_init(&r->errout);
    r->status = -1;
    if ((rc = start(&pid, argv, false, false, &in, &out, &errout, e)))
        return rc;
    talk(r, pid, &in, &out, &errout, input, input_n, tick, tick_ctx);
    if (in >= 0)
        close(in);
    r->status = wait_for(pid);
    rc = r->status ? stop_check(e) : OK;
    if (!rc && !(rc = str_check(&r->out, e)))
        rc = str_check(&r->errout, e);
    if (rc)
        proc_result_release(r);
    return rc;
}

void proc_result_release(struct proc_result *r)
{
    str_release(&r->out);
    str_release(&r->errout);
}

const char *proc_last_line(const struct proc_result *r)
{
    const struct str *s = r->errout.len ? &r->errout : &r->out;
    while (s->len && (s->s[s->len - 1] == '\n' || s->s[s->len - 1] == ' '))
        s->s[((struct str *)(size_t)s)->len -= 1] = '\0';
    const char *nl = strrchr(s->s, '\n');
    return nl ? nl + 1 : s->s;
}

int proc_start(struct proc *p, const char *const *argv, bool apart, struct err *e)
{
    pid_t pid;
    int to, from;
    *p = (struct proc){0};
    int rc = start(&pid, argv, true, apart, &to, &from, NULL, e);
    if (rc)
        return rc;
    fcntl(from, F_SETFL, O_NONBLOCK);
    *p = (struct proc){pid, to, from};
    return OK;
}

bool proc_say(struct proc *p, const char *text)
{
    size_t n = strlen(text);
    while (n) {
        ssize_t put = write(p->to, text, n);
        if (put < 0 && errno != EINTR)
            return false;
        text += put > 0 ? put : 0;
        n -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

bool proc_hear(struct proc *p, struct str *text)
{
    char buf[4096];
    ssize_t got = 1;
    for (int i = 0; i < HEARD_AT_ONCE && (got = read(p->from, buf, sizeof buf)) > 0; i++)
        str_catn(text, buf, (size_t)got);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void proc_stop(struct proc *p)
{
    if (p->pid && p->to >= 0) {
        end_close(&p->to);
        kill((pid_t)p->pid, SIGTERM);
    }
}

int proc_end(struct proc *p)
{
    if (!p->pid)
        return 0;
    proc_stop(p);
    close(p->from); /* so that it does not wait for us to hear it */
    int status = wait_for((pid_t)p->pid);
    *p = (struct proc){0};
    return status;
}

int proc_end_by(struct proc *p, double grace)
{
    static const struct timespec nap = {0, 5000000};
    const double until = clock_now() + grace;
    siginfo_t ended = {0};
    if (!p->pid)
        return 0;
    proc_stop(p);
    while (!waitid(P_PID, (id_t)p->pid, &ended, WEXITED | WNOHANG | WNOWAIT) && !ended.si_pid) {
        if (clock_now() >= until) {
            kill((pid_t)-p->pid, SIGKILL);
            kill((pid_t)p->pid, SIGKILL); /* where it made no group of its own */
            break;
        }
        nanosleep(&nap, NULL);
    }
    return proc_end(p);
}

void proc_self(char *path, size_t n)
{
    ssize_t got = readlink("/proc/self/exe", path, n - 1);
    if (got > 0)
        path[got] = '\0';
    else
        snprintf(path, n, "w2s");
}
