/* Workers that are no program of ours: what the parent makes of what they say, and of their deaths.
 */
#include "lab_test.h"

static struct bench bench;

#define READY "echo '{\"event\": \"ready\"}'; "
#define DONE  "echo '{\"event\": \"job\", \"busy\": false, \"code\": 0}'; "

struct fixture {
    struct study study;
    struct plan plan;
    struct crew *crew;
    const char *worker[4];
};

static void fixture_open(struct fixture *f, const char *script)
{
    struct err e = ERR_INIT;
    memset(f, 0, sizeof *f);
    f->worker[0] = "sh";
    f->worker[1] = "-c";
    f->worker[2] = script;
    bench.lab.worker = f->worker;
    bench.lab.threads = 2;
    assert_ok(study_read(&f->study, bench.study, NULL, 0, &e), &e);
    assert_ok(plan_make(&f->plan, &bench.lab, &f->study, &e), &e);
    for (size_t i = 0; i < f->plan.n_jobs; i++)
        assert_int_equal(f->plan.jobs[i]->threads, 1);
    assert_ok(crew_start(&f->crew, &f->plan, &e), &e);
    assert_int_equal(crew_alive(f->crew), 2);
}

static void fixture_close(struct fixture *f)
{
    crew_end(f->crew);
    plan_release(&f->plan);
    study_release(&f->study);
}

/* heard - what becomes of the one job that is given, within some seconds. */
static struct crew_report heard(struct fixture *f)
{
    struct crew_report r = {0};
    for (int i = 0; i < 50 && !r.job; i++)
        crew_hear(f->crew, 0.1, &r);
    return r;
}

/* One that was ready has a successor; its job has lost a worker. */
static void killed(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, READY "read hash; kill -9 $$");
    struct job *j = f.plan.jobs[0];
    for (int i = 1; i < 4; i++) {
        assert_true(crew_give(f.crew, j));
        struct crew_report r = heard(&f);
        assert_true(r.lost && r.job == j);
        assert_int_equal(j->losses, i);
        assert_string_equal(j->why.msg, "its worker was killed twice, last by signal 9");
        assert_int_equal(crew_alive(f.crew), 2);
        assert_int_equal(crew_working(f.crew), 0);
    }
    fixture_close(&f);
}

/* One that cannot begin is not tried for ever, and no job is to blame. */
static void never_ready(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, "read hash; exit 3");
    struct job *j = f.plan.jobs[0];
    for (size_t left = 2; left; left--) {
        assert_int_equal(crew_alive(f.crew), left);
        assert_true(crew_give(f.crew, j));
        struct crew_report r = heard(&f);
        assert_true(r.lost && r.job == j);
        assert_int_equal(j->losses, 0);
    }
    assert_int_equal(crew_alive(f.crew), 0);
    assert_false(crew_give(f.crew, j));
    fixture_close(&f);
}

/* The n-th allocation fails while it is heard, for every n: the job comes back, done or lost. */
static void no_memory(void **state)
{
    (void)state;
    bool hit = true;
    size_t lost = 0, n = 0;
    while (hit) {
        struct fixture f;
        fixture_open(&f, READY "read hash; " DONE "read hash");
        assert_true(crew_give(f.crew, f.plan.jobs[0]));
        mem_fault_at(++n);
        struct crew_report r = heard(&f);
        hit = mem_fault_hit();
        mem_fault_at(0);
        assert_ptr_equal(r.job, f.plan.jobs[0]);
        lost += r.lost;
        fixture_close(&f);
        assert_true(n < 100);
    }
    assert_true(n > 1 && lost > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed),
        cmocka_unit_test(never_ready),
        cmocka_unit_test(no_memory),
    };
    bench_open(&bench);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bench_close(&bench);
    return failed;
}
