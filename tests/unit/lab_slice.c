/* slices - a part cut for the links of a chain: every example in one, no question in two, runs of
 * questions in the part's order that differ by one question at most. */
#include "lab_test.h"

enum { N = 200 };

/* sliced - n examples whose questions are picked by `step`, cut into so many slices. */
static void sliced(size_t n, size_t questions, size_t step, size_t slices)
{
    static struct example x[N];
    struct dataset data = {.part = {[PART_TRAIN] = x}, .n = {[PART_TRAIN] = n}};
    struct plan p = {.data = &data};
    struct err e = ERR_INIT;
    size_t of[N], least = SIZE_MAX, most = 0, all = 0;
    uint64_t before[N];
    for (size_t i = 0; i < n; i++) {
        x[i].question = 0x9e3779b97f4a7c15u * (i * step % questions + 1);
        of[i] = SIZE_MAX;
    }
    for (size_t k = 0; k < slices; k++) {
        struct job j = {.part = PART_TRAIN, .slice = k, .slices = slices};
        size_t *chosen, count, own = 0;
        assert_ok(job_chosen(&p, &j, &chosen, &count, &e), &e);
        for (size_t i = 0; i < count; i++) {
            size_t seen = 0;
            assert_true(chosen[i] < n && of[chosen[i]] == SIZE_MAX);
            assert_true(!i || chosen[i] > chosen[i - 1]);
            of[chosen[i]] = k;
            while (seen < own && before[seen] != x[chosen[i]].question)
                seen++;
            before[own] = x[chosen[i]].question;
            own += seen == own;
        }
        least = own < least ? own : least;
        most = own > most ? own : most;
        all += count;
        mem_free(chosen);
    }
    assert_int_equal(all, n);
    assert_true(most - least <= 1);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            if (x[i].question == x[k].question)
                assert_int_equal(of[i], of[k]);
            else if (k < i && of[i] < of[k]) { /* then its question came before */
                bool earlier = false;
                for (size_t m = 0; m < k; m++)
                    earlier = earlier || x[m].question == x[i].question;
                assert_true(earlier);
            }
        }
}

static void test_slices(void **state)
{
    (void)state;
    sliced(N, N, 1, 2);
    sliced(N, N, 1, 7);
    sliced(N, 67, 1, 3);
    sliced(N, 67, 29, 3);
    sliced(N, 8, 3, 8);
    sliced(3, 3, 2, 3);
}

static void test_whole(void **state)
{
    struct plan p = {.data = &(struct dataset){.n = {[PART_TRAIN] = 3}}};
    struct err e = ERR_INIT;
    size_t *chosen, n;
    (void)state;
    for (size_t slices = 0; slices < 2; slices++) {
        struct job j = {.part = PART_TRAIN, .slices = slices};
        assert_ok(job_chosen(&p, &j, &chosen, &n, &e), &e);
        assert_null(chosen);
    }
}

static void test_few(void **state)
{
    struct example x[4] = {{.question = 1}, {.question = 1}, {.question = 2}, {.question = 2}};
    struct plan p = {.data =
                         &(struct dataset){.part = {[PART_TRAIN] = x}, .n = {[PART_TRAIN] = 4}}};
    struct job j = {.part = PART_TRAIN, .slices = 3};
    struct err e = ERR_INIT;
    size_t *chosen, n;
    (void)state;
    assert_int_equal(job_chosen(&p, &j, &chosen, &n, &e), ERR_INPUT);
    assert_string_equal(e.msg, "4 examples of 2 questions cannot be cut into 3 slices");
    assert_null(chosen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_slices), cmocka_unit_test(test_whole),
                                       cmocka_unit_test(test_few)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
