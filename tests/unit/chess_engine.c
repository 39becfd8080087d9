/* chess_engine - a search by UCI, and the sentences about engines that die, hang or speak rubbish;
 * with tests/cli/fake_engine.py, and stockfish where it is installed. */
#include "chess/engine.h"
#include "chess/notation.h"
#include "core/log.h"
#include "core/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>

#include "unit/scratch.h"

#define SKIPPED 77

static const char answers[] =
    "position fen rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1\n"
    "info depth 1 seldepth 1 multipv 1 score cp 40 nodes 20 pv d2d4 d7d5\n"
    "info depth 1 seldepth 1 multipv 2 score cp 35 nodes 20 pv e2e4\n"
    "info depth 2 multipv 1 score cp 90 lowerbound nodes 40 pv g1f3\n"
    "info depth 2 multipv 1 score cp 50 nodes 60 pv e2e4 e7e5\n"
    "info depth 2 multipv 2 score mate -3 nodes 60 pv d2d4\n"
    "info string e2e9 is what nobody plays\n"
    "info depth 3 multipv 1 score mate 2 nodes 90 pv e2e4 e7e5\n"
    "info depth 3 multipv 2 score cp -20 nodes 99 pv c2c4\n"
    "info depth 3 multipv 1 score cp 700 lowerbound nodes 99 pv g1f3\n"
    "info depth 3 multipv 2 score cp -900 upperbound nodes 99 pv d2d4\n"
    "info depth 3 currmove e2e4 currmovenumber 1\n"
    "bestmove e2e4 ponder e7e5\n";

static char command[1024];

static const char *fake(const char *mode)
{
    snprintf(command, sizeof command, "python3 %s/tests/cli/fake_engine.py %s %s",
             getenv("W2S_SOURCE"), in_scratch("answers"), mode);
    return command;
}

static void searches(void **state)
{
    struct engine_settings s;
    struct engine *en;
    struct err e = ERR_INIT;
    struct board b;
    char uci[UCI_MAX];
    (void)state;
    engine_defaults(&s);
    s.command = fake("");
    s.options = "hash=64;Skill Level=3";
    if (engine_open(&en, &s, &e))
        fail_msg("%s", e.msg);
    assert_string_equal(engine_name(en), "Fake 1");
    board_start(&b);
    for (int twice = 0; twice < 2; twice++) {
        assert_int_equal(engine_begin(en, &b, 3, 2, &e), OK);
        assert_int_equal(engine_wait(en, &e), OK);
        const struct engine_found *f = engine_found(en);
        assert_int_equal(f->n, 2);
        uci_write(f->best, uci);
        assert_string_equal(uci, "e2e4");
        assert_int_equal(f->lines[0].score, ENGINE_MATE - 2);
        assert_int_equal(f->lines[1].score, -20);
        assert_int_equal(f->lines[1].depth, 3);
        uci_write(f->at[1], uci);
        assert_string_equal(uci, "d2d4");
        assert_int_equal(f->at[2], f->best);
        assert_int_equal(f->at[3], f->best);
        assert_int_equal(f->at[4], NO_MOVE);
    }
    engine_close(en);
}

/* fails - opening, or a search for the two best moves, ends with this sentence, and soon. */
static void fails(const char *engine, const char *options, int code, const char *wanted)
{
    struct engine_settings s;
    struct engine *en;
    struct err e = ERR_INIT;
    struct board b;
    const double begun = clock_now();
    engine_defaults(&s);
    s.command = engine;
    s.options = options;
    s.timeout = strstr(wanted, "within 0.5") ? .5 : strstr(wanted, "within") ? 4 : 60;
    board_start(&b);
    int rc = engine_open(&en, &s, &e);
    if (!rc)
        rc = engine_begin(en, &b, 3, 2, &e);
    if (!rc)
        rc = engine_wait(en, &e);
    engine_close(en);
    if (rc != code || !strstr(e.msg, wanted))
        fail_msg("%d: %s\nwanted: %s", rc, e.msg, wanted);
    assert_true(clock_now() - begun < 55);
}

static void misbehaves(void **state)
{
    (void)state;
    fails("no-such-engine", NULL, ERR_CHILD, "cannot run no-such-engine: No such file");
    fails(" ", NULL, ERR_INPUT, "the engine's command is empty");
    fails("false", NULL, ERR_CHILD, "false ended before it was ready, with exit status 1");
    fails("cat", NULL, ERR_CHILD, "cat did not say uciok within 0.5 seconds; is it a UCI engine?");
    fails(fake("mute"), NULL, ERR_CHILD, "did not say uciok within 0.5 seconds");
    fails("yes", NULL, ERR_CHILD, "did not say uciok within 0.5 seconds");
    fails(fake("long"), NULL, ERR_CHILD, "says a line of more than 65536 bytes");
    fails(fake("die"), NULL, ERR_CHILD,
          "Fake 1 ended in the middle of a search, with exit status 3; it said last: out of luck");
    fails(fake("killed"), NULL, ERR_CHILD, "Fake 1 ended in the middle of a search, by signal 9");
    fails(fake("hang"), NULL, ERR_CHILD, "Fake 1 did not answer within 4 seconds");
    fails(fake("illegal"), NULL, ERR_CHILD,
          "Fake 1: its line \"info depth 1 multipv 1 score cp 10 pv e2e5\" has no move of the "
          "position rnbqkbnr/");
    fails(fake("rubbish"), NULL, ERR_CHILD, "its line \"bestmove (none)\" has no move");
    fails(fake("bare"), NULL, ERR_CHILD, "it said \"bestmove e2e4\" and not how it came to it");
    fails(fake("single"), NULL, ERR_INPUT, "Fake 1 has no option \"MultiPV\"");
    fails(fake(""), "Hsh=2", ERR_INPUT, "Fake 1 has no option \"Hsh\"; did you mean \"Hash\"?");
    fails(fake(""), "Hash=0", ERR_INPUT,
          "Fake 1: option Hash is \"0\", wanted a number from 1 to 1024");
    fails(fake(""), "Hash", ERR_INPUT, "engine option \"Hash\", wanted NAME=VALUE");
}

static void stockfish(void **state)
{
    static const char fen[] = "6k1/5ppp/8/8/8/8/8/R3K3 w - - 0 1";
    struct engine_settings s;
    struct engine *en;
    struct err e = ERR_INIT;
    struct board b;
    char uci[UCI_MAX];
    (void)state;
    engine_defaults(&s);
    s.options = "Hash=16;Threads=1";
    if (engine_open(&en, &s, &e)) {
        print_message("SKIP: %s\n", e.msg);
        skip();
    }
    assert_int_equal(board_read(&b, fen, sizeof fen - 1, &e), OK);
    assert_int_equal(engine_begin(en, &b, 6, 3, &e), OK);
    if (engine_wait(en, &e))
        fail_msg("%s", e.msg);
    uci_write(engine_found(en)->best, uci);
    assert_string_equal(uci, "a1a8");
    assert_int_equal(engine_found(en)->lines[0].score, ENGINE_MATE - 1);
    assert_int_equal(engine_found(en)->n, 3);
    engine_close(en);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(searches),
        cmocka_unit_test(misbehaves),
        cmocka_unit_test(stockfish),
    };
    struct err e = ERR_INIT;
    if (!getenv("W2S_SOURCE") || system("python3 -c pass >/dev/null 2>&1") != 0) {
        printf("SKIP: no python3\n");
        return SKIPPED;
    }
    signal(SIGPIPE, SIG_IGN);
    scratch_make();
    if (file_write(in_scratch("answers"), answers, sizeof answers - 1, &e))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
