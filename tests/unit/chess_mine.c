/* chess_mine - when a move is better by a margin, and at which depth it is found. */
#include "chess/mine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void margins(void **state)
{
    (void)state;
    assert_int_equal(mine_margin(30, -120, 150), 150);
    assert_int_equal(mine_margin(-120, 30, 150), -150);
    /* beyond ten pawns a game is won, or lost, whatever the number */
    assert_int_equal(mine_margin(2500, 1100, 150), 0);
    assert_int_equal(mine_margin(1100, 900, 150), 100);
    assert_int_equal(mine_margin(-900, -3000, 150), 100);
    /* the only move that mates, the only one that is not mated; two that mate */
    assert_int_equal(mine_margin(ENGINE_MATE - 3, 2500, 150), 150);
    assert_int_equal(mine_margin(ENGINE_MATE - 3, 2500, 400), 400);
    assert_int_equal(mine_margin(-2500, -ENGINE_MATE + 4, 150), 150);
    assert_int_equal(mine_margin(ENGINE_MATE - 1, ENGINE_MATE - 9, 150), 0);
    assert_int_equal(mine_margin(ENGINE_MATE - 1, -ENGINE_MATE + 2, 150), 2300);
}

static void depths(void **state)
{
    const move a = MOVE(12, 28, PAWN), b = MOVE(11, 27, PAWN);
    struct engine_found f = {.best = a};
    (void)state;
    for (int d = 1; d <= 8; d++)
        f.at[d] = a;
    assert_int_equal(mine_depth(&f, 8), 1);
    f.at[3] = b; /* found, lost, and found again */
    assert_int_equal(mine_depth(&f, 8), 4);
    f.at[4] = f.at[5] = NO_MOVE; /* of which nothing was said */
    assert_int_equal(mine_depth(&f, 8), 6);
    f.at[7] = b;
    assert_int_equal(mine_depth(&f, 8), 8);
    f.at[8] = NO_MOVE; /* an engine that ended the search before */
    f.at[7] = a;
    assert_int_equal(mine_depth(&f, 8), 6);
    f.at[7] = b;
    assert_int_equal(mine_depth(&f, 8), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(margins), cmocka_unit_test(depths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
