/* chess_faults - the n-th allocation between games and a file of puzzles fails, for every n: a code
 * and a sentence, nothing leaked (the sanitizers watch), no half file, and what was begun is gone
 * on with. */
#include "chess/mine.h"
#include "core/mem.h"
#include "core/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>

#include "unit/scratch.h"

static const char games[] =
    "[Event \"a\"]\n[Event \"b\"]\n[Event \"c\"]\n[White \"x\"]\n\n1. e4 e5 *\n\n"
    "[Event \"d\"]\n1. e4 e5 2. Ke3 *\n[Event \"e\"]\n1. d4 d5 *\n";
static const char engine[] =
    "while read -r what rest; do case $what in\n"
    "uci) echo id name Sh; echo option name MultiPV type spin default 1 min 1 max 9; echo uciok;;\n"
    "isready) echo readyok;;\n"
    "go) echo info depth 1 multipv 1 score mate 2 pv b8c6; echo info depth 1 multipv 2 score cp 3 "
    "pv "
    "b8a6; echo bestmove b8c6;;\n"
    "esac; done\n";

static int text_pull(void *ctx, void *buf, size_t n, size_t *got, struct err *e)
{
    const char **s = ctx;
    (void)e;
    *got = strlen(*s) < n ? strlen(*s) : n;
    memcpy(buf, *s, *got);
    *s += *got;
    return OK;
}

static int text_open(struct pgn_source *source, const char *path, struct err *e)
{
    const char **s = mem_alloc(1, sizeof *s, e);
    (void)path;
    if (!s)
        return e->code;
    *s = games;
    *source = (struct pgn_source){text_pull, (void *)(size_t)s};
    return OK;
}

static void text_close(struct pgn_source *source)
{
    mem_free(source->ctx);
}

static int work(struct err *e)
{
    static const char *const files[] = {"g.pgn"};
    struct mine_settings s;
    struct mine_report r;
    char command[600];
    mine_defaults(&s);
    snprintf(command, sizeof command, "sh %s", in_scratch("engine.sh"));
    s.files = files, s.n_files = 1;
    s.open = text_open, s.close = text_close;
    s.out = in_scratch("out.jsonl");
    s.engine.command = command;
    s.skip = 1;
    return mine_run(&s, &r, e);
}

static void put(const char *name, const char *text, size_t n)
{
    struct err e = ERR_INIT;
    if (file_write(in_scratch(name), text, n, &e))
        fail_msg("%s", e.msg);
}

static void clear(void)
{
    struct err e = ERR_INIT;
    assert_int_equal(file_remove_tree(in_scratch("out.jsonl"), &e), OK);
    assert_int_equal(file_remove_tree(in_scratch("out.jsonl.journal"), &e), OK);
}

/* every_allocation - begun is the journal that is there before, or NULL. */
static void every_allocation(const struct str *begun, const struct str *wanted)
{
    for (size_t n = 1;; n++) {
        struct err e = ERR_INIT;
        struct str out = STR_INIT;
        clear();
        if (begun)
            put("out.jsonl.journal", begun->s, begun->len);
        mem_fault_at(n);
        int rc = work(&e);
        const bool hit = mem_fault_hit();
        mem_fault_at(0);
        if (hit) {
            if (rc != ERR_NOMEM || !strstr(e.msg, "memory"))
                fail_msg("allocation %zu: code %d, \"%s\"", n, rc, e.msg);
            if (file_exists(in_scratch("out.jsonl"))) /* it may be whole before all is done */
                assert_true(file_exists(in_scratch("out.jsonl.journal")));
            rc = work(&e);
        }
        if (rc)
            fail_msg("after allocation %zu: code %d, \"%s\"", n, rc, e.msg);
        assert_int_equal(file_read(&out, in_scratch("out.jsonl"), &e), OK);
        assert_string_equal(out.s, wanted->s);
        str_release(&out);
        if (!hit) {
            assert_true(n > 50);
            break;
        }
    }
}

static void mined(void **state)
{
    struct err e = ERR_INIT;
    struct str journal = STR_INIT, out = STR_INIT;
    (void)state;
    put("engine.sh", engine, sizeof engine - 1);
    clear();
    file_fault_at(7); /* a first line, five games, and then the file */
    assert_int_equal(work(&e), ERR_IO);
    file_fault_at(0);
    assert_int_equal(file_read(&journal, in_scratch("out.jsonl.journal"), &e), OK);
    if (work(&e))
        fail_msg("%s", e.msg);
    assert_int_equal(file_read(&out, in_scratch("out.jsonl"), &e), OK);
    assert_non_null(
        strstr(out.s, "{\"id\": \"g-3-1\", \"prompt\": \"1. e4\", \"answer\": \"Nc6\""));
    assert_non_null(
        strstr(out.s, "{\"id\": \"g-5-1\", \"prompt\": \"1. d4\", \"answer\": \"Nc6\""));
    every_allocation(NULL, &out);
    journal.len -= 9; /* its last line is torn */
    every_allocation(&journal, &out);
    str_release(&journal);
    str_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(mined)};
    signal(SIGPIPE, SIG_IGN);
    scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
