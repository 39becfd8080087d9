/* chess_engine - any bytes as the lines of an engine: no crash, a sentence with the engine's name
 * where it is refused, and where it has found something its moves are legal.
 *
 * A shell says them, as a child process: what stands before the first byte 0 as a greeting, the
 * rest when it is to search. The first byte says of which position, with how many lines. */
#include "scratch.h"
#include "chess/engine.h"

#include <signal.h>

static const char script[] =
    "d=${0%/*}; while read -r what rest; do case $what in\n"
    "uci) cat $d/greeting; echo; echo option name MultiPV type spin default 1 min 1 max 9\n"
    "    echo uciok;;\n"
    "isready) echo readyok;;\n"
    "go) cat $d/search; exit 3;;\n"
    "esac; done\n";

static const char *const positions[] = {
    "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
    "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
    "8/P7/8/8/8/8/7p/K5k1 b - - 0 1",
    "4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 2",
};

static void found_check(const struct engine_found *f, struct board *b, size_t lines)
{
    BUG_ON(!f->n || f->n > lines || !board_legal(b, f->best));
    for (size_t i = 0; i < f->n; i++) {
        BUG_ON(!board_legal(b, f->lines[i].first) || f->lines[i].depth < 1 ||
               f->lines[i].depth > ENGINE_DEPTHS);
        BUG_ON(f->lines[i].score > ENGINE_MATE || f->lines[i].score < -ENGINE_MATE);
    }
    for (int d = 0; d <= ENGINE_DEPTHS; d++)
        BUG_ON(f->at[d] != NO_MOVE && !board_legal(b, f->at[d]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct engine_settings s;
    struct engine *en = NULL;
    struct board b;
    struct err e = ERR_INIT;
    char command[200];
    if (!n)
        return 0;
    signal(SIGPIPE, SIG_IGN);
    const char *path = fuzz_path("engine.sh");
    if (!file_exists(path))
        fuzz_put(path, script, strlen(script));
    snprintf(command, sizeof command, "sh %s", path);
    const uint8_t *rest = memchr(data + 1, 0, n - 1);
    const size_t greeting = rest ? (size_t)(rest - data) - 1 : 0;
    const size_t at = rest ? greeting + 2 : 1;
    fuzz_put(fuzz_path("greeting"), data + 1, greeting);
    fuzz_put(fuzz_path("search"), data + at, n - at);
    const char *fen = positions[data[0] & 3];
    BUG_ON(board_read(&b, fen, strlen(fen), &e));
    const size_t lines = 1 + (data[0] >> 2) % ENGINE_LINES;
    engine_defaults(&s);
    s.command = command;
    s.timeout = 5;
    int rc = engine_open(&en, &s, &e);
    if (!rc)
        rc = engine_begin(en, &b, 8, lines, &e);
    if (!rc)
        rc = engine_wait(en, &e);
    BUG_ON(rc && ((rc != ERR_CHILD && rc != ERR_INPUT) || !*e.msg || strchr(e.msg, '\n')));
    if (!rc)
        found_check(engine_found(en), &b, lines);
    engine_close(en);
    return 0;
}
