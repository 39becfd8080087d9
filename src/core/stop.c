/* stop.c - signals that ask for an end.
 *
 * A thread that computes must not be interrupted by a handler: products of oneDNN keep numbers
 * where a handler's frame would be written. So all threads block these signals and one waits for
 * them. A thread that a library made before that runs the handler instead. */
#include "core/stop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_bool asked, deaf; /* deaf: to SIGINT */

static void on_signal(int number)
{
    if (number == SIGINT && deaf)
        return;
    if (asked) {
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, number);
        signal(number, SIG_DFL);
        pthread_sigmask(SIG_UNBLOCK, &one, NULL);
        raise(number);
    }
    asked = true;
}

static void *wait_for(void *signals)
{
    int number;
    for (;;)
        if (sigwait(signals, &number) == 0)
            on_signal(number);
    return NULL;
}

void stop_install(void)
{
    static sigset_t signals; /* the waiting thread's to the end */
    struct sigaction a = {.sa_handler = on_signal};
    pthread_t waiting;
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
#ifdef SIGXFSZ
    signal(SIGXFSZ, SIG_IGN); /* a file larger than allowed is an error of its writing */
#endif
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (pthread_create(&waiting, NULL, wait_for, &signals) == 0)
        pthread_detach(waiting);
    else
        pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

void stop_from_parent(void)
{
    deaf = true;
}

void stop_ask(void)
{
    asked = true;
}

bool stop_asked(void)
{
    return asked;
}

int stop_check(struct err *e)
{
    return asked ? err_set(e, ERR_INTERRUPTED, "stopped at your request") : OK;
}
