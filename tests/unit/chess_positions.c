/* chess_positions - a set of positions, by what a player sees of them. */
#include "chess/notation.h"
#include "chess/positions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct board board_of(const char *fen)
{
    struct board b;
    struct err e = ERR_INIT;
    if (board_read(&b, fen, strlen(fen), &e))
        fail_msg("%s", e.msg);
    return b;
}

static bool fresh(struct positions *p, const struct board *b)
{
    struct err e = ERR_INIT;
    bool is_new = false, there = false;
    assert_int_equal(positions_has(p, b, &there, &e), OK);
    assert_int_equal(positions_add(p, b, &is_new, &e), OK);
    assert_true(there != is_new);
    assert_int_equal(positions_has(p, b, &there, &e), OK);
    assert_true(there);
    return is_new;
}

static void same(void **state)
{
    struct positions p = {0};
    struct board b;
    (void)state;
    board_start(&b);
    assert_true(fresh(&p, &b));
    assert_false(fresh(&p, &b));
    b.halfmove = 3, b.number = 9; /* counters do not tell positions apart */
    assert_false(fresh(&p, &b));
    b.to_move = BLACK;
    assert_true(fresh(&p, &b));
    b = board_of("8/8/3k4/8/8/3K4/4P3/7R w - - 0 1");
    assert_true(fresh(&p, &b));
    assert_int_equal(p.n, 3);
    positions_release(&p);
    assert_int_equal(p.n, 0);
}

/* Every position three half-moves deep, twice. */
static void walk(struct positions *p, const struct board *b, int depth)
{
    move list[MOVES_MAX];
    struct err e = ERR_INIT;
    assert_int_equal(positions_add(p, b, NULL, &e), OK);
    size_t n = depth ? board_moves(b, list) : 0;
    for (size_t i = 0; i < n; i++) {
        struct board next = *b;
        board_play(&next, list[i]);
        walk(p, &next, depth - 1);
    }
}

static void many(void **state)
{
    struct positions p = {0};
    struct board b;
    (void)state;
    board_start(&b);
    walk(&p, &b, 3);
    /* 1, 20, 400 and 5,362 positions after 0 to 3 half-moves */
    assert_int_equal(p.n, 1 + 20 + 400 + 5362);
    walk(&p, &b, 3);
    assert_int_equal(p.n, 1 + 20 + 400 + 5362);
    positions_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same), cmocka_unit_test(many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
