/* fen.c - positions as text: FEN, and a shorter spelling. */
#include "chess/board.h"

#include <stdio.h>
#include <string.h>

#define BIT(s) ((uint64_t)1 << (s))

const char board_fen_start[] = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";
static const char letters[] = "PNBRQKpnbrqk";

void board_start(struct board *b)
{
    struct err e = ERR_INIT;
    if (board_read(b, board_fen_start, sizeof board_fen_start - 1, &e))
        BUG("%s", e.msg);
}

struct field {
    const char *s;
    int n;
};

/* fields_split - by blanks; how many, at most 7. */
static size_t fields_split(const char *fen, size_t n, struct field f[7])
{
    size_t count = 0;
    for (size_t i = 0; i < n && count < 7;) {
        size_t k = i;
        while (k < n && fen[k] != ' ' && fen[k] != '\t')
            k++;
        if (k > i)
            f[count++] = (struct field){fen + i, (int)(k - i)};
        i = k + 1;
    }
    return count;
}

static int placement_read(struct board *b, struct field f, struct err *e)
{
    int rank = 7, file = 0;
    for (int i = 0; i < f.n; i++) {
        const char c = f.s[i], *at = c ? strchr(letters, c) : NULL;
        if (c == '/') {
            if (file != 8)
                return err_set(e, ERR_INPUT, "rank %d has %d squares, wanted 8", rank + 1, file);
            if (--rank < 0)
                return err_set(e, ERR_INPUT, "it has more than 8 ranks");
            file = 0;
        } else if (c >= '1' && c <= '8') {
            file += c - '0';
        } else if (at) {
            if (file < 8) {
                const uint64_t s = BIT(8 * rank + file);
                b->are[(at - letters) % 6] |= s;
                b->of[(at - letters) / 6] |= s;
            }
            file++;
        } else {
            return err_set(e, ERR_INPUT, "rank %d has \"%.*s\", wanted a piece or a number",
                           rank + 1, 1, c >= ' ' && c <= '~' ? &f.s[i] : "?");
        }
        if (file > 8)
            return err_set(e, ERR_INPUT, "rank %d has more than 8 squares", rank + 1);
    }
    if (rank || file != 8)
        return err_set(e, ERR_INPUT, "it ends in rank %d after %d squares", rank + 1, file);
    return OK;
}

static int rights_read(struct board *b, struct field f, struct err *e)
{
    static const struct {
        char letter;
        int king, rook;
    } rights[] = {{'K', 4, 7}, {'Q', 4, 0}, {'k', 60, 63}, {'q', 60, 56}};
    if (f.n == 1 && *f.s == '-')
        return OK;
    for (int i = 0; i < f.n; i++) {
        size_t k = 0;
        while (k < 4 && rights[k].letter != f.s[i])
            k++;
        if (k == 4 || (b->castling & (1u << k)))
            return err_set(e, ERR_INPUT, "castling is \"%.*s\", wanted - or letters of KQkq", f.n,
                           f.s);
        const uint64_t own = b->of[k / 2];
        if (!(own & b->are[KING] & BIT(rights[k].king)) ||
            !(own & b->are[ROOK] & BIT(rights[k].rook)))
            return err_set(e, ERR_INPUT,
                           "castling has %c, and king and rook are not in their places",
                           rights[k].letter);
        b->castling |= (uint8_t)(1u << k);
    }
    return OK;
}

static int passed_read(struct board *b, struct field f, struct err *e)
{
    if (f.n == 1 && *f.s == '-')
        return OK;
    const char rank = b->to_move == WHITE ? '6' : '3';
    if (f.n != 2 || f.s[0] < 'a' || f.s[0] > 'h' || f.s[1] != rank)
        return err_set(e, ERR_INPUT, "the passed square is \"%.*s\", wanted - or one of rank %c",
                       f.n, f.s, rank);
    const int s = 8 * (rank - '1') + f.s[0] - 'a', ahead = b->to_move == WHITE ? 8 : -8;
    const uint64_t all = b->of[0] | b->of[1];
    if ((all & (BIT(s) | BIT(s + ahead))) || !(b->of[!b->to_move] & b->are[PAWN] & BIT(s - ahead)))
        return err_set(e, ERR_INPUT, "no pawn can have passed %.2s", f.s);
    b->passed = (uint8_t)s;
    return OK;
}

static int counter_read(unsigned *out, struct field f, const char *what, struct err *e)
{
    unsigned v = 0;
    for (int i = 0; i < f.n; i++) {
        if (f.s[i] < '0' || f.s[i] > '9' || i == 6)
            return err_set(e, ERR_INPUT, "%s is \"%.*s\", wanted a number", what,
                           f.n < 20 ? f.n : 20, f.s);
        v = 10 * v + (unsigned)(f.s[i] - '0');
    }
    *out = v;
    return OK;
}

static int sound(const struct board *b, struct err *e)
{
    static const char *const names[] = {"White", "Black"};
    for (int side = WHITE; side <= BLACK; side++) {
        const int kings = __builtin_popcountll(b->are[KING] & b->of[side]);
        if (kings != 1)
            return err_set(e, ERR_INPUT, "%s has %d kings, wanted 1", names[side], kings);
        if (__builtin_popcountll(b->of[side]) > 16)
            return err_set(e, ERR_INPUT, "%s has more than 16 pieces", names[side]);
    }
    if (b->are[PAWN] & 0xff000000000000ffu)
        return err_set(e, ERR_INPUT, "a pawn stands on the first or last rank");
    struct board other = *b;
    other.to_move = !b->to_move;
    if (board_check(&other))
        return err_set(e, ERR_INPUT, "%s is in check and it is not its move", names[other.to_move]);
    return OK;
}

int board_read(struct board *b, const char *fen, size_t n, struct err *e)
{
    struct field f[7];
    *b = (struct board){.passed = NO_SQUARE, .number = 1};
    const size_t count = fields_split(fen, n, f);
    if (count != 4 && count != 6)
        return err_set(e, ERR_INPUT, "a FEN of %s%zu fields, wanted 6 or 4",
                       count > 6 ? "more than " : "", count > 6 ? 6 : count);
    int rc = placement_read(b, f[0], e);
    if (rc)
        return err_wrap(e, "FEN \"%.*s\"", f[0].n < 80 ? f[0].n : 80, f[0].s);
    if (f[1].n != 1 || (*f[1].s != 'w' && *f[1].s != 'b'))
        rc = err_set(e, ERR_INPUT, "the side to move is \"%.*s\", wanted w or b",
                     f[1].n < 20 ? f[1].n : 20, f[1].s);
    b->to_move = *f[1].s == 'b' ? BLACK : WHITE;
    f[2].n = f[2].n < 20 ? f[2].n : 20;
    f[3].n = f[3].n < 20 ? f[3].n : 20;
    if (!rc)
        rc = sound(b, e);
    if (!rc)
        rc = rights_read(b, f[2], e);
    if (!rc)
        rc = passed_read(b, f[3], e);
    if (!rc && count == 6 && !(rc = counter_read(&b->halfmove, f[4], "the halfmove clock", e)))
        rc = counter_read(&b->number, f[5], "the move's number", e);
    if (!rc && !b->number)
        b->number = 1; /* some programs count from 0 */
    return rc ? err_wrap(e, "FEN \"%.*s\"", (int)(n < 100 ? n : 100), fen) : OK;
}

static size_t placement_write(const struct board *b, char *fen)
{
    size_t n = 0;
    for (int rank = 7; rank >= 0; rank--) {
        char empty = '0';
        for (int file = 0; file < 8; file++) {
            const int s = 8 * rank + file;
            const enum piece k = board_at(b, s);
            if (k == NO_PIECE) {
                empty++;
                continue;
            }
            if (empty > '0')
                fen[n++] = empty;
            empty = '0';
            fen[n++] = letters[(int)k + (b->of[BLACK] & BIT(s) ? 6 : 0)];
        }
        if (empty > '0')
            fen[n++] = empty;
        if (rank)
            fen[n++] = '/';
    }
    fen[n++] = ' ';
    fen[n++] = b->to_move == WHITE ? 'w' : 'b';
    return n;
}

static size_t rights_write(const struct board *b, char *out)
{
    size_t n = 0;
    for (unsigned k = 0; k < 4; k++)
        if (b->castling & (1u << k))
            out[n++] = "KQkq"[k];
    return n;
}

void board_write(const struct board *b, char fen[FEN_MAX])
{
    size_t n = placement_write(b, fen);
    fen[n++] = ' ';
    n += rights_write(b, fen + n);
    if (!b->castling)
        fen[n++] = '-';
    char passed[3] = "-";
    if (b->passed != NO_SQUARE) {
        passed[0] = (char)('a' + b->passed % 8);
        passed[1] = (char)('1' + b->passed / 8);
    }
    snprintf(fen + n, FEN_MAX - n, " %s %u %u", passed, b->halfmove, b->number);
}

static bool passed_matters(const struct board *b)
{
    move list[MOVES_MAX];
    if (b->passed == NO_SQUARE)
        return false;
    const size_t n = board_moves(b, list);
    for (size_t i = 0; i < n; i++)
        if (move_to(list[i]) == b->passed && board_at(b, move_from(list[i])) == PAWN)
            return true;
    return false;
}

void board_write_compact(const struct board *b, char fen[FEN_MAX])
{
    size_t n = placement_write(b, fen);
    if (b->castling) {
        fen[n++] = ' ';
        n += rights_write(b, fen + n);
    }
    if (passed_matters(b)) {
        fen[n++] = ' ';
        fen[n++] = (char)('a' + b->passed % 8);
        fen[n++] = (char)('1' + b->passed / 8);
    }
    fen[n] = '\0';
}
