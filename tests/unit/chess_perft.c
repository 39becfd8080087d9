/* chess_perft - the number of positions after so many moves, against the published counts of the
 * six standard positions (Chess Programming Wiki, "Perft Results"). */
#include "chess/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#ifdef W2S_SANITIZED
#define DEPTH 4
#else
#define DEPTH 5
#endif

static uint64_t perft(const struct board *b, int depth)
{
    move list[MOVES_MAX];
    const size_t n = board_moves(b, list);
    uint64_t sum = 0;
    if (depth == 1)
        return n;
    for (size_t i = 0; i < n; i++) {
        struct board after = *b;
        board_play(&after, list[i]);
        sum += perft(&after, depth - 1);
    }
    return sum;
}

static void counts(void **state)
{
    static const struct {
        const char *fen;
        uint64_t want[5];
    } rows[] = {
        {"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
         {20, 400, 8902, 197281, 4865609}},
        {"r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
         {48, 2039, 97862, 4085603, 193690690}},
        {"8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", {14, 191, 2812, 43238, 674624}},
        {"r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
         {6, 264, 9467, 422333, 15833292}},
        {"rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8",
         {44, 1486, 62379, 2103487, 89941194}},
        {"r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10",
         {46, 2079, 89890, 3894594, 164075551}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct board b;
        struct err e = ERR_INIT;
        char fen[FEN_MAX];
        assert_int_equal(board_read(&b, rows[i].fen, strlen(rows[i].fen), &e), OK);
        board_write(&b, fen);
        assert_string_equal(fen, rows[i].fen);
        for (int d = 1; d <= DEPTH; d++)
            assert_int_equal(perft(&b, d), rows[i].want[d - 1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
