/* chess_pgn - any bytes as PGN: games come in order, their moves are legal, sentences are one line.
 */
#include "chess/pgn.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct bytes {
    const uint8_t *s;
    size_t n;
};

static int bytes_pull(void *ctx, void *buf, size_t n, size_t *got, struct err *e)
{
    struct bytes *b = ctx;
    (void)e;
    *got = b->n < 13 ? b->n : 13;
    *got = *got < n ? *got : n;
    if (*got)
        memcpy(buf, b->s, *got);
    b->s += *got, b->n -= *got;
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes bytes = {data, n};
    struct err e = ERR_INIT;
    struct pgn *p;
    const struct pgn_game *g;
    size_t line = 0, number = 0;
    BUG_ON(pgn_open(&p, (struct pgn_source){bytes_pull, &bytes}, "fuzz", &e));
    while (!pgn_next(p, &g, &e) && g) {
        struct board b = g->start;
        BUG_ON(g->line < line || g->number != ++number || strchr(g->wrong, '\n'));
        line = g->line;
        for (size_t i = 0; i < g->n; i++) {
            BUG_ON(!board_legal(&b, g->moves[i]));
            board_play(&b, g->moves[i]);
        }
    }
    BUG_ON(e.code);
    pgn_close(p);
    return 0;
}
