/* main.c - from the command line to a command; the one place that turns an error into an exit
 * status. */
#include "cli/command.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/par.h"
#include "core/proc.h"
#include "core/stop.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <math.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char greeting[] =
    "w2s - the laboratory for weak-to-strong generalization\n"
    "\n"
    "A small model labels data, a larger one learns from those labels. How much of the gap to\n"
    "ground truth comes back is the performance gap recovered (PGR). To see one:\n"
    "\n"
    "    w2s run quick              a supervisor, a student, a ceiling; a table and a report\n"
    "    w2s task movie-sentiment   the examples it is about\n"
    "    w2s generate smollm2-135m \"Once upon a time\"\n"
    "\n"
    "w2s help lists all commands, w2s help COMMAND explains one.\n";

int command_exit(int code)
{
    switch (code) {
    case OK:
        return EXIT_OK;
    case ERR_INPUT:
    case ERR_IO:
        return EXIT_USAGE;
    case ERR_INTERRUPTED:
        return EXIT_INTERRUPTED;
    default:
        return EXIT_FAILED;
    }
}

const char *args_option(const struct command *c, const struct args *a, const char *name)
{
    for (size_t i = 0; c->options[i].name; i++)
        if (strcmp(c->options[i].name, name) == 0)
            return a->value[i];
    BUG("command %s has no option %s", c->name, name);
}

int args_real(const char *name, const char *value, double min, double max, double *out,
              struct err *e)
{
    char *end = NULL;
    if (!value)
        return OK;
    errno = 0;
    double v = strtod(value, &end);
    if (errno || end == value || *end || !(v >= min && v <= max))
        return err_set(e, ERR_INPUT, "--%s is \"%s\", wanted a number from %g to %g", name, value,
                       min, max);
    *out = v;
    return OK;
}

int args_count(const char *name, const char *value, size_t min, size_t max, size_t *out,
               struct err *e)
{
    double v = 0;
    struct err ignored = ERR_INIT;
    if (!value)
        return OK;
    if (args_real(name, value, (double)min, (double)max, &v, &ignored) || floor(v) < v)
        return err_set(e, ERR_INPUT, "--%s is \"%s\", wanted a whole number from %zu to %zu", name,
                       value, min, max);
    *out = (size_t)v;
    return OK;
}

/* share_find - W2S_SHARE, else the checkout the program was built in (build/w2s -> ..), else where
 * it was installed. */
static int share_find(struct str *share, struct err *e)
{
    const char *set = getenv("W2S_SHARE");
    char exe[4096];
    if (set && *set) {
        str_cat(share, set);
        return str_check(share, e);
    }
    const char *const up[] = {"..", "../..", "../share/w2s"};
    proc_self(exe, sizeof exe);
    if (strchr(exe, '/')) {
        *strrchr(exe, '/') = '\0';
        for (size_t i = 0; i < sizeof up / sizeof *up; i++) {
            str_reset(share);
            str_addf(share, "%s/%s/assets.yaml", exe, up[i]);
            if (!share->failed && file_exists(share->s)) {
                str_reset(share);
                str_addf(share, "%s/%s", exe, up[i]);
                char *plain = share->failed ? NULL : realpath(share->s, NULL); /* without .. */
                if (plain) {
                    str_reset(share);
                    str_cat(share, plain);
                    free(plain);
                }
                return str_check(share, e);
            }
        }
    }
    str_reset(share);
    str_cat(share, W2S_SHARE_DIR);
    return str_check(share, e);
}

/* option_unknown - with the option that is meant: the one that begins so, else the nearest. */
static int option_unknown(const struct command *c, const struct option *table, const char *word,
                          struct err *e)
{
    const char *names[OPTIONS_MAX + 8], *near = NULL;
    size_t n = 0, typed = strcspn(word, "=");
    char name[64];
    bool is_long = str_starts(word, "--");
    snprintf(name, sizeof name, "%.*s", is_long ? (int)(typed - 2) : 0, word + (is_long ? 2 : 0));
    for (; table[n].name; n++) {
        names[n] = table[n].name;
        if (is_long &&
            strcmp(name, names[n]) == 0) /* it is there, and what stands after it is not */
            return err_set(e, ERR_INPUT, "%s: option --%s takes no value; see w2s help %s", c->name,
                           name, c->name);
    }
    if (*name)
        near = str_nearest(name, names, n);
    return near ? err_set(e, ERR_INPUT, "%s: unknown option %.*s; did you mean --%s?", c->name,
                          (int)typed, word, near)
                : err_set(e, ERR_INPUT, "%s: unknown option %.*s; see w2s help %s", c->name,
                          (int)typed, word, c->name);
}

/* args_read - argv after the command's name, by the command's own options and the common ones. */
static int args_read(const struct command *c, int argc, char **argv, struct app *app,
                     struct args *a, bool *help, struct err *e)
{
    enum { COMMON = 256 };
    static const struct option common[] = {{"help", no_argument, NULL, 'h'},
                                           {"json", no_argument, NULL, COMMON + 1},
                                           {"quiet", no_argument, NULL, 'q'},
                                           {"threads", required_argument, NULL, COMMON + 2}};
    enum { N_COMMON = sizeof common / sizeof *common };
    struct option table[OPTIONS_MAX + N_COMMON + 1] = {0};
    char letters[2 * OPTIONS_MAX + 8] = ":hq";
    size_t n = 0, l = strlen(letters), threads = 0;
    for (; c->options[n].name; n++) {
        const struct option_row *o = &c->options[n];
        BUG_ON(n == OPTIONS_MAX);
        table[n] = (struct option){o->name, o->value ? required_argument : no_argument, NULL,
                                   1000 + (int)n};
        if (o->letter) {
            letters[l++] = o->letter;
            if (o->value)
                letters[l++] = ':';
        }
    }
    memcpy(table + n, common, sizeof common);
    int got, rc, at = -1;
    opterr = 0;
    while ((got = getopt_long(argc, argv, letters, table, &at)) != -1) {
        if (at >= 0) { /* getopt takes the beginning of a name for the name; here it is none */
            const char *word = argv[optind - 1 - (optarg && optarg == argv[optind - 1])];
            if (got != ':' && strcspn(word + 2, "=") != strlen(table[at].name))
                return option_unknown(c, table, word, e);
            at = -1;
        }
        for (size_t i = 0; i < n; i++)
            if (c->options[i].letter && got == c->options[i].letter)
                got = 1000 + (int)i;
        if (got >= 1000) {
            if (a->value[got - 1000] && c->options[got - 1000].value)
                return err_set(e, ERR_INPUT, "%s: option --%s is given twice: %s and %s", c->name,
                               c->options[got - 1000].name, a->value[got - 1000], optarg);
            a->value[got - 1000] = optarg ? optarg : "";
        } else if (got == 'h') {
            *help = true;
        } else if (got == 'q') {
            app->log.level = LOG_WARN;
        } else if (got == COMMON + 1) {
            app->json = true;
        } else if (got == COMMON + 2) {
            if ((rc = args_count("threads", optarg, 1, 4096, &threads, e)))
                return rc;
            par_set_threads((int)threads);
        } else {
            return got == ':'
                       ? err_set(e, ERR_INPUT, "%s: option %s wants a value; see w2s help %s",
                                 c->name, argv[optind - 1], c->name)
                       : option_unknown(c, table, argv[optind - 1], e);
        }
    }
    a->rest = (const char *const *)(argv + optind);
    a->n_rest = (size_t)(argc - optind);
    return OK;
}

int command_unknown(const char *name, struct err *e)
{
    const char *names[64];
    size_t n = 0;
    for (; commands[n]; n++)
        names[n] = commands[n]->name;
    const char *near = str_nearest(name, names, n);
    return near ? err_set(e, ERR_INPUT, "unknown command \"%s\"; did you mean \"%s\"?", name, near)
                : err_set(e, ERR_INPUT, "unknown command \"%s\"; w2s help lists them", name);
}

static int print(const struct str *out)
{
    return fwrite(out->s, 1, out->len, stdout) == out->len ? EXIT_OK : EXIT_FAILED;
}

/* command_run - the exit status; e holds the sentence. */
static int command_run(int argc, char **argv, struct app *app, struct err *e)
{
    struct args args = {0};
    bool help = false;
    const struct command *c = command_find(argv[1]);
    if (!c)
        return command_exit(command_unknown(argv[1], e));
    int rc = args_read(c, argc - 1, argv + 1, app, &args, &help, e);
    if (rc)
        return command_exit(rc);
    log_init(&app->log, app->log.level, app->json);
    if (help) {
        const char *const name[] = {c->name};
        struct args of = {.rest = name, .n_rest = 1};
        return cmd_help.run(app, &of, e);
    }
    return c->run(app, &args, e);
}

/* reader_left - standard output is a pipe that nobody reads any more, as in w2s ls | head -1: its
 * reader has seen enough, and that is no failure of anybody's. */
static bool reader_left(const struct err *e)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return ferror(stdout) && (!e->msg[0] || str_starts(e->msg, "standard output")) &&
           poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP));
}

/* threads_check - a number of threads in the environment that is none is said, not passed over. */
static int threads_check(struct err *e)
{
    const char *set = getenv("W2S_THREADS");
    size_t n = 0;
    struct err ignored = ERR_INIT;
    if (!set || !*set || !args_count("threads", set, 1, 4096, &n, &ignored))
        return OK;
    return err_set(e, ERR_INPUT, "W2S_THREADS is \"%s\", wanted a whole number from 1 to 4096",
                   set);
}

/* descriptors_open - whoever starts us without a standard stream does not get a file of ours in its
 * place. */
static void descriptors_open(void)
{
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    struct app app = {.log = {.level = LOG_INFO}};
    static char help[] = "help";
    struct err e = ERR_INIT;
    struct str share = STR_INIT, line = STR_INIT, out = STR_INIT;
    int status;
    descriptors_open();
    const struct command *asked = argc > 1 ? command_find(argv[1]) : NULL;
    if (asked && asked->computes)
        par_restart(argv);
    if (argc < 2) {
        fputs(greeting, stdout);
        status = EXIT_OK;
        goto said;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        version_print(&out);
        status = print(&out);
        goto said;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        argv[1] = help;
    str_cat(&line, "w2s");
    for (int i = 1; i < argc; i++) {
        str_addc(&line, ' ');
        str_word(&line, argv[i]);
    }
    stop_install();
    status = command_exit(threads_check(&e));
    if (!status)
        status = command_exit(share_find(&share, &e));
    app.share = share.s;
    app.command = line.s;
    if (!status)
        status = command_run(argc, argv, &app, &e);
said:
    /* A full disk under standard output is found here or nowhere. */
    if ((fflush(stdout) || ferror(stdout)) && !status)
        status = command_exit(err_sys(&e, "standard output"));
    if (status && reader_left(&e)) {
        status = EXIT_OK;
        e.msg[0] = '\0';
    }
    if (status && e.msg[0])
        fprintf(stderr, "w2s: %s\n", e.msg);
    str_release(&share);
    str_release(&line);
    str_release(&out);
    return status;
}
