/* chess_pgn - games out of PGN text, with all that people and programs put into it; mistakes by
 * file, line, game and move. */
#include "chess/notation.h"
#include "chess/pgn.h"
#include "core/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

struct text {
    const char *s;
    size_t n, piece;
    bool fails; /* at the end */
};

static int text_pull(void *ctx, void *buf, size_t n, size_t *got, struct err *e)
{
    struct text *t = ctx;
    if (!t->n && t->fails)
        return err_set(e, ERR_IO, "the disk is gone");
    *got = t->n < t->piece ? t->n : t->piece;
    *got = *got < n ? *got : n;
    memcpy(buf, t->s, *got);
    t->s += *got, t->n -= *got;
    return OK;
}

/* game_line - "number@line tags/left out: moves result wrong". */
static void game_line(struct str *out, const struct pgn_game *g)
{
    struct board b = g->start;
    str_addf(out, "%zu@%zu %zu/%zu:", g->number, g->line, g->n_tags, g->tags_left_out);
    for (size_t i = 0; i < g->n; i++) {
        char san[SAN_MAX];
        san_write(&b, g->moves[i], san);
        board_play(&b, g->moves[i]);
        str_addf(out, " %s", san);
    }
    str_addf(out, " %s%s%s|", g->result, *g->wrong ? " " : "", g->wrong);
}

/* games_are - whatever the pieces that the text comes in. */
static void games_are(const char *text, size_t n, const char *wanted)
{
    static const size_t pieces[] = {1, 7, 100000};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct text t = {text, n, pieces[i], false};
        struct str out = STR_INIT;
        struct err e = ERR_INIT;
        struct pgn *p;
        const struct pgn_game *g;
        assert_int_equal(pgn_open(&p, (struct pgn_source){text_pull, &t}, "x.pgn", &e), OK);
        while (pgn_next(p, &g, &e) == OK && g)
            game_line(&out, g);
        assert_int_equal(e.code, OK);
        pgn_close(p);
        assert_string_equal(out.s, wanted);
        str_release(&out);
    }
}

static void reads(const char *text, const char *wanted)
{
    games_are(text, strlen(text), wanted);
}

static void plain(void **state)
{
    (void)state;
    reads("", "");
    reads(" \r\n\t\n", "");
    reads("1. e4 e5 2. Nf3 1-0", "1@1 0/0: e4 e5 Nf3 1-0|");
    reads("[Event \"a\"]\r\n[Site \"b\"]\r\n\r\n1.e4 e5\r\n2.Nf3 *\r\n\r\n[Event \"c\"]\r\n\r\n1. "
          "d4 1/2-1/2\r\n",
          "1@1 2/0: e4 e5 Nf3 *|2@7 1/0: d4 1/2-1/2|");
    reads("\xef\xbb\xbf[Event \"a\"]\n1. e4 e5 0-1", "1@1 1/0: e4 e5 0-1|");
    reads("1. e4 *1. d4 *", "1@1 0/0: e4 *|2@1 0/0: d4 *|");
    /* a game without a result, one without anything but tags */
    reads("[Event \"a\"]\n\n1. e4 e5\n\n[Event \"b\"]\n[Event \"c\"]\n[Site \"d\"]\n1... \n",
          "1@1 1/0: e4 e5 *|2@5 1/0: *|3@6 2/0: *|");
}

static void marks(void **state)
{
    (void)state;
    reads(
        "{one} 1. e4 {[%clk 0:01]\n[not a tag]} e5 $1 $22 2. Nf3! (2. d4 (2. f4 {)} ; )\n exf4) "
        "d5) Nc6!? "
        "; the rest { of it\n3. Bb5?! a6 += 4.Ba4 ± 1-0",
        "1@1 0/0: e4 e5 Nf3 Nc6 Bb5 a6 Ba4 1-0 x.pgn:4: game 1, move 4 of Black: \"??\" is not the "
        "spelling of a move|");
    reads("% of another program\n1. e4 e5\n%2. Nf3\n2. d4 *", "1@2 0/0: e4 e5 d4 *|");
    reads("1. e4 1... e5 2. ... 2.Nf3 3 Nc6 *", "1@1 0/0: e4 e5 Nf3 Nc6 *|");
    reads("1.e4 d5 2.e5 f5 3.exf6 e.p. Nxf6 4.Nf3 Bg4 5.Be2 Nc6 6.0-0 Qd7 7.c3 0-0-0 *",
          "1@1 0/0: e4 d5 e5 f5 exf6 Nxf6 Nf3 Bg4 Be2 Nc6 O-O Qd7 c3 O-O-O *|");
}

static void wrong_tags(void **state)
{
    struct text t = {"[Event \"An \"open\" one\"]\n[ White  \"M\xfcller\" ][Black "
                     "\"a\\\\b\\\"c\"]\n[Site b]\n[Round "
                     "\"1]\n[White \"again\"]\n[\"x\"]\n[Empty \"\"]\n1. e4 *",
                     0, 5, false};
    struct err e = ERR_INIT;
    struct pgn *p;
    const struct pgn_game *g;
    (void)state;
    t.n = strlen(t.s);
    assert_int_equal(pgn_open(&p, (struct pgn_source){text_pull, &t}, "x.pgn", &e), OK);
    assert_int_equal(pgn_next(p, &g, &e), OK);
    assert_string_equal(pgn_tag(g, "Event"), "An \"open\" one");
    assert_string_equal(pgn_tag(g, "White"), "M\xc3\xbcller");
    assert_string_equal(pgn_tag(g, "Black"), "a\\b\"c");
    assert_string_equal(pgn_tag(g, "Empty"), "");
    assert_null(pgn_tag(g, "Site"));
    assert_int_equal(g->tags_left_out, 4);
    assert_int_equal(g->n, 1);
    assert_string_equal(g->wrong, "");
    pgn_close(p);
}

static void positions(void **state)
{
    (void)state;
    reads("[SetUp \"1\"]\n[FEN \"4k3/P7/8/8/8/8/8/4K3 w - - 0 1\"]\n1. a8=Q+ Ke7 *",
          "1@1 2/0: a8=Q+ Ke7 *|");
    reads("[FEN \"4k3/8/8/8/8/8/8/8 w - - 0 1\"]\n1. a4 *\n[Variant \"From Position\"]\n1. e4 *",
          "1@1 1/0: * x.pgn:1: game 1: FEN \"4k3/8/8/8/8/8/8/8 w - - 0 1\": White has 0 kings, "
          "wanted 1|2@3 1/0: e4 *|");
    reads("[Variant \"Crazyhouse\"]\n1. e4 *", "1@1 1/0: * x.pgn:1: game 1: its rules are those of "
                                               "\"Crazyhouse\"|");
}

static void mistakes(void **state)
{
    (void)state;
    /* the next game is read all the same */
    reads("[Event \"a\"]\n1. e4 e5\n2. Ke3 Nf6 (3. Nf3) 1-0\n\n[Event \"b\"]\n1. d4 *",
          "1@1 1/0: e4 e5 1-0 x.pgn:3: game 1, move 2 of White: Ke3 is not legal here|2@5 1/0: d4 "
          "*|");
    reads("1. d4 d5 2. Nf3 a6 3. Nd2 *",
          "1@1 0/0: d4 d5 Nf3 a6 * x.pgn:1: game 1, move 3 of White: Nd2 may be Nbd2 or Nfd2|");
    reads("1. e4 {open\n", "1@1 0/0: e4 * x.pgn:1: game 1: a comment is not closed|");
    /* what nothing closes ends where the next game begins, whatever closes in that */
    reads("[Event \"a\"]\n\n1. e4 {open e5\n2. d4 *\n\n[Event \"b\"]\n[Site \"c\"]\n\n1. d4 {x} "
          "d5 *\n\n[Event \"d\"]\n1. c4 *",
          "1@1 1/0: e4 * x.pgn:3: game 1: a comment is not closed|2@6 2/0: d4 d5 *|3@11 1/0: c4 "
          "*|");
    reads("1. e4 (1. d4 {open\n[Event \"b\"]\n1. c4 *",
          "1@1 0/0: e4 * x.pgn:1: game 1: a comment is not closed|2@2 1/0: c4 *|");
    /* a line of a comment that only looks like a tag */
    reads("1. e4 {\n[Event b]\n[%clk 1]\n[b \"c}\n1... e5 {[Event \"b\"]\n[} 2. d4 *",
          "1@1 0/0: e4 e5 d4 *|");
    reads("1. e4\n(1. d4 *\n[Event \"b\"]\n1. c4 *",
          "1@1 0/0: e4 * x.pgn:2: game 1: a variation is not closed|2@3 1/0: c4 *|");
    reads("1. e4 ) e5 *",
          "1@1 0/0: e4 * x.pgn:1: game 1: \")\" among the moves, that nothing opened|");
    reads("1. e4 -- 2. d4 *",
          "1@1 0/0: e4 * x.pgn:1: game 1, move 1 of Black: \"--\" is not the spelling of a move|");
    games_are("1. e4\0 e5 *", 11, "1@1 0/0: e4 * x.pgn:1: game 1: a NUL byte among the moves|");
    reads("once upon a time\n", "1@1 0/0: * x.pgn:1: game 1, move 1 of White: \"once\" is not the "
                                "spelling of a move|");
}

static void source_fails(void **state)
{
    struct text t = {"1. e4 e5", 8, 100, true};
    struct err e = ERR_INIT;
    struct pgn *p;
    const struct pgn_game *g;
    (void)state;
    assert_int_equal(pgn_open(&p, (struct pgn_source){text_pull, &t}, "x.pgn", &e), OK);
    assert_int_equal(pgn_next(p, &g, &e), ERR_IO);
    assert_string_equal(e.msg, "the disk is gone");
    pgn_close(p);
    t = (struct text){"", 0, 100, true};
    assert_int_equal(pgn_open(&p, (struct pgn_source){text_pull, &t}, "x.pgn", &e), ERR_IO);
    assert_null(p);
    t = (struct text){"\xff\xfe[\0E\0", 6, 100, false};
    e = (struct err)ERR_INIT;
    assert_int_equal(pgn_open(&p, (struct pgn_source){text_pull, &t}, "x.pgn", &e), ERR_INPUT);
    assert_string_equal(e.msg, "x.pgn:1: the text is UTF-16; wanted UTF-8: save it anew as that");
    assert_null(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),     cmocka_unit_test(marks),    cmocka_unit_test(wrong_tags),
        cmocka_unit_test(positions), cmocka_unit_test(mistakes), cmocka_unit_test(source_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
