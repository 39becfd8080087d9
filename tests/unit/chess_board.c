/* chess_board - FEN, SAN and UCI moves: what is written, what is taken, what is refused and how. */
#include "chess/notation.h"
#include "core/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static struct board position(const char *fen)
{
    struct board b;
    struct err e = ERR_INIT;
    if (board_read(&b, fen, strlen(fen), &e))
        fail_msg("%s", e.msg);
    return b;
}

static void fen_refused(void **state)
{
    static const char *const rows[][2] = {
        {"", "a FEN of 0 fields"},
        {"8/8/8/8/8/8/8/8 w - -", "White has 0 kings"},
        {"k7/8/8/8/8/8/8/K7 w - - 0", "a FEN of 5 fields"},
        {"k7/8/8/8/8/8/8/K7 w - - 0 1 x", "more than 6 fields"},
        {"k7/8/8/8/8/8/K7 w - -", "ends in rank 2 after 8 squares"},
        {"k7/8/8/8/8/8/8/K7/8 w - -", "more than 8 ranks"},
        {"k7/8/8/8/8/8/8/K8 w - -", "rank 1 has more than 8 squares"},
        {"k6/8/8/8/8/8/8/K7 w - -", "rank 8 has 7 squares"},
        {"k7/8/8/8/8/8/8/K6x w - -", "rank 1 has \"x\""},
        {"kk6/8/8/8/8/8/8/K7 w - -", "Black has 2 kings"},
        {"k7/qqqqqqqq/qqqqqqqq/8/8/8/8/K7 b - -", "Black has more than 16 pieces"},
        {"k6P/8/8/8/8/8/8/K7 w - -", "a pawn stands on the first or last rank"},
        {"k7/8/8/8/8/8/8/K7 x - -", "the side to move is \"x\""},
        {"k7/8/8/8/8/8/8/4K3 w K -", "castling has K, and king and rook are not in their places"},
        {"k7/8/8/8/8/8/8/4K2R w KK -", "castling is \"KK\""},
        {"k7/8/8/8/8/8/8/4K2R w K e3", "wanted - or one of rank 6"},
        {"k7/8/8/8/8/8/8/4K2R w K e6", "no pawn can have passed e6"},
        {"k7/8/8/8/8/8/8/K6r b - -", "White is in check and it is not its move"},
        {"k7/8/8/8/8/8/8/K7 w - - x 1", "the halfmove clock is \"x\""},
        {"k7/8/8/8/8/8/8/K7 w - - 0 12345678", "the move's number is"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct board b;
        struct err e = ERR_INIT;
        assert_int_equal(board_read(&b, rows[i][0], strlen(rows[i][0]), &e), ERR_INPUT);
        if (!strstr(e.msg, rows[i][1]) || (*rows[i][0] && !strstr(e.msg, "FEN")))
            fail_msg("%s: %s", rows[i][0], e.msg);
    }
}

static void fen_spellings(void **state)
{
    char fen[FEN_MAX];
    struct board b = position("4k3/8/8/8/8/8/4P3/4K3 w - -");
    (void)state;
    board_write(&b, fen);
    assert_string_equal(fen, "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1");
    board_play(&b, MOVE(12, 28, PAWN));
    board_write(&b, fen);
    assert_string_equal(fen, "4k3/8/8/8/4P3/8/8/4K3 b - e3 0 1");
    board_write_compact(&b, fen);
    assert_string_equal(fen, "4k3/8/8/8/4P3/8/8/4K3 b");
    b = position("4k3/8/8/8/3pP3/8/8/R3K3 b Q e3 0 7");
    board_write_compact(&b, fen);
    assert_string_equal(fen, "4k3/8/8/8/3pP3/8/8/R3K3 b Q e3");
    /* the pawn that would take is pinned */
    b = position("8/8/8/8/k2pP2R/8/8/4K3 b - e3 0 7");
    board_write_compact(&b, fen);
    assert_string_equal(fen, "8/8/8/8/k2pP2R/8/8/4K3 b");
    /* a rook that is taken at home takes the right to castle with it */
    b = position("r3k2r/8/8/8/8/8/6b1/R3K2R b KQkq - 3 9");
    board_play(&b, MOVE(14, 7, PAWN));
    board_write(&b, fen);
    assert_string_equal(fen, "r3k2r/8/8/8/8/8/8/R3K2b w Qkq - 0 10");
}

static void san_spellings(void **state)
{
    static const char *const rows[][3] = {
        /* position, spelling, as it is written */
        {"r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "O-O", "O-O"},
        {"r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "0-0-0", "O-O-O"},
        {"r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 0 1", "o-o!?", "O-O"},
        {"5k2/8/8/8/8/8/8/4K2R w K - 0 1", "O-O", "O-O+"},
        {"4k3/P7/8/8/8/8/8/4K3 w - - 0 1", "a8Q", "a8=Q+"},
        {"4k3/P7/8/8/8/8/8/4K3 w - - 0 1", "a8(N)", "a8=N"},
        {"4k3/P7/8/8/8/8/8/4K3 w - - 0 1", "a7-a8=R+", "a8=R+"},
        {"1r2k3/P7/8/8/8/8/8/4K3 w - - 0 1", "axb8=B", "axb8=B"},
        {"4k3/8/8/8/3pP3/8/8/4K3 b - e3 0 7", "dxe3e.p.", "dxe3"},
        {"4k3/8/8/8/3pP3/8/8/4K3 b - e3 0 7", "de3", "dxe3"},
        {"4k3/8/8/8/8/5N2/8/1N2K3 w - - 0 1", "Nbd2", "Nbd2"},
        {"4k3/8/8/1N6/8/8/8/1N2K3 w - - 0 1", "N1c3", "N1c3"},
        {"4k3/8/8/8/8/5N2/8/1N2K3 w - - 0 1", "Nb1-d2", "Nbd2"},
        {"6k1/8/8/Q6Q/8/8/8/K6Q w - - 0 1", "Qh1e1", "Qhe1"},
        {"6k1/8/8/Q6Q/8/8/8/K6Q w - - 0 1", "Qh1h2", "Q1h2"},
        {"6k1/8/Q7/Q6Q/8/8/8/K7 w - - 0 1", "Qa5b5", "Qa5b5"},
        {"6k1/5ppp/8/8/8/8/8/R3K3 w - - 0 1", "Ra8", "Ra8#"},
        {"6k1/5ppp/8/8/8/8/8/R3K3 w - - 0 1", "Ra8+", "Ra8#"},
        {"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq -", "Ng1f3", "Nf3"},
        {"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq -", "Pe4", "e4"},
        {"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq -", "e2e4", "e4"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct board b = position(rows[i][0]);
        struct err e = ERR_INIT;
        char san[SAN_MAX];
        move m;
        if (san_read(&b, rows[i][1], strlen(rows[i][1]), &m, &e))
            fail_msg("%s", e.msg);
        san_write(&b, m, san);
        assert_string_equal(san, rows[i][2]);
    }
}

static void moves_refused(void **state)
{
    static const char *const rows[][2] = {
        {"Nd2", "Nd2 may be Nbd2 or Nfd2"},
        {"e5", "e5 is not legal here"},
        {"O-O", "O-O is not legal here"},
        {"a8=Q", "a8=Q is not legal here"},
        {"hello", "\"hello\" is not the spelling of a move"},
        {"", "\"\" is not the spelling"},
        {"Q", "\"Q\" is not the spelling"},
        {"N\n3", "\"N?3\" is not the spelling"},
        {"Nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxd2", "\"Nxxxxxxxxxxxxxxxxxxx\" is not the spelling"},
        {"Kf1g1", "Kf1g1 is not legal"},
    };
    struct board b = position("4k3/8/8/8/8/5N2/4P3/1N2K3 w - - 0 1");
    struct err e = ERR_INIT;
    move m;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(san_read(&b, rows[i][0], strlen(rows[i][0]), &m, &e), ERR_INPUT);
        if (!strstr(e.msg, rows[i][1]))
            fail_msg("%s: %s", rows[i][0], e.msg);
    }
    assert_int_equal(uci_read(&b, "e2e5", 4, &m, &e), ERR_INPUT);
    assert_string_equal(e.msg, "e2e5 is not legal here");
    assert_int_equal(uci_read(&b, "e2e4q", 5, &m, &e), ERR_INPUT);
    assert_int_equal(uci_read(&b, "e2", 2, &m, &e), ERR_INPUT);
    assert_int_equal(uci_read(&b, "e2i4", 4, &m, &e), ERR_INPUT);
    assert_string_equal(e.msg, "\"e2i4\" is not the spelling of a move, like e2e4");
}

/* In 200 games of chance every move of every position reads back from both spellings, no two have
 * one, and FEN reads back to the same position. */
static void round_trips(void **state)
{
    struct rng r;
    (void)state;
    rng_init(&r, 1, "games");
    for (int game = 0; game < 200; game++) {
        struct board b;
        board_start(&b);
        for (int ply = 0; ply < 120; ply++) {
            move list[MOVES_MAX], m;
            const size_t n = board_moves(&b, list);
            char text[SAN_MAX], fen[FEN_MAX];
            struct err e = ERR_INIT;
            struct board again;
            for (size_t i = 0; i < n && ply % 4 == 0; i++) {
                san_write(&b, list[i], text);
                assert_int_equal(san_read(&b, text, strlen(text), &m, &e), OK);
                assert_int_equal(m, list[i]);
                assert_int_equal(strchr(text, '#') != NULL, board_mates(&b, list[i]));
                uci_write(list[i], text);
                assert_int_equal(uci_read(&b, text, strlen(text), &m, &e), OK);
                assert_int_equal(m, list[i]);
            }
            board_write(&b, fen);
            assert_int_equal(board_read(&again, fen, strlen(fen), &e), OK);
            assert_memory_equal(again.of, b.of, sizeof b.of);
            assert_memory_equal(again.are, b.are, sizeof b.are);
            assert_true(again.castling == b.castling && again.passed == b.passed &&
                        again.halfmove == b.halfmove && again.number == b.number);
            if (!n)
                break;
            board_play(&b, list[rng_below(&r, n)]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fen_refused),   cmocka_unit_test(fen_spellings),
        cmocka_unit_test(san_spellings), cmocka_unit_test(moves_refused),
        cmocka_unit_test(round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
