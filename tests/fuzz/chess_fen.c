/* chess_fen - any bytes as FEN, and after a line's end as moves in it: what is read can be written
 * and reads back the same. */
#include "chess/notation.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void moves_play(struct board *b, const char *s, size_t n)
{
    struct err e = ERR_INIT;
    while (n) {
        const char *end = memchr(s, ' ', n);
        const size_t k = end ? (size_t)(end - s) : n;
        char text[SAN_MAX];
        move m, again;
        if (san_read(b, s, k, &m, &e) && uci_read(b, s, k, &m, &e))
            return;
        san_write(b, m, text);
        BUG_ON(san_read(b, text, strlen(text), &again, &e) || again != m);
        board_play(b, m);
        s += k + (end != NULL), n -= k + (end != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *fen = (const char *)data, *line = n ? memchr(fen, '\n', n) : NULL;
    const size_t k = line ? (size_t)(line - fen) : n;
    struct board b, again;
    struct err e = ERR_INIT;
    char text[FEN_MAX];
    int rc = board_read(&b, fen, k, &e);
    BUG_ON(rc && (rc != ERR_INPUT || strchr(e.msg, '\n')));
    if (rc)
        return 0;
    if (line)
        moves_play(&b, line + 1, n - k - 1);
    board_write(&b, text);
    BUG_ON(board_read(&again, text, strlen(text), &e));
    BUG_ON(memcmp(again.are, b.are, sizeof b.are) || memcmp(again.of, b.of, sizeof b.of));
    BUG_ON(again.castling != b.castling || again.passed != b.passed);
    board_write_compact(&b, text);
    return 0;
}
