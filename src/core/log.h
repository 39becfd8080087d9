/* log.h - what the program tells its user while it works: log lines and progress, to standard
 * error; results go to standard output and are not this file's business. Lines may come from
 * several threads; one progress is one thread's at a time. */
#ifndef W2S_CORE_LOG_H
#define W2S_CORE_LOG_H

#include "core/err.h"

#include <stdint.h>

enum log_level { LOG_QUIET, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log {
    enum log_level level;
    bool tty;       /* standard error is a terminal: progress redraws its line, colour allowed */
    bool json;      /* every line is one JSON object {"event": ..., ...} */
    void *priv;     /* the progress line that is up */
    uint64_t *said; /* sums of what log_warn_once said; undone by log_release */
    size_t n_said, cap_said;
};

void log_init(struct log *l, enum log_level level, bool json); /* looks at isatty(2), NO_COLOR */
void log_info(struct log *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_warn(struct log *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* log_warn_once - not where the same words were said so already: what is wrong in a file that is
 * read twice is said once. l is no copy of another that has said any. */
void log_warn_once(struct log *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_release(struct log *l);

/* progress - "what  [####----]  48%  312 tokens/s  0:41 left  loss 0.4312". On a terminal the line
 * is redrawn at most ten times a second; piped, a plain line at the beginning of minutes and at the
 * end; in JSON as often, with what it says as named fields (docs/runs.md). l may be NULL: silent.
 */
struct progress {
    struct log *log;
    char what[96];
    const char *unit; /* "tokens", "bytes": the rate's unit */
    double total, done, units;
    double loss; /* of a training, NAN: none; the caller's to set between steps */
    double t_start, t_drawn;
};
void progress_begin(struct progress *p, struct log *l, const char *what, double total,
                    const char *unit);
void progress_step(struct progress *p, double done, double units,
                   const char *note); /* absolute; note, for people, may be NULL */
/* progress_end - of work that ended with rc: all of it is done, or the line says how far it came.
 */
void progress_end(struct progress *p, int rc);

double clock_now(void); /* monotonic seconds */

#endif
