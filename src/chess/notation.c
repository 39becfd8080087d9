/* notation.c - SAN and UCI moves, in and out. */
#include "chess/notation.h"

#include <stdio.h>
#include <string.h>

#define BIT(s) ((uint64_t)1 << (s))

static const char pieces[] = "PNBRQK", lower[] = "pnbrq";

static void square_write(char *out, int s)
{
    out[0] = (char)('a' + s % 8);
    out[1] = (char)('1' + s / 8);
}

static bool castles(const struct board *b, move m)
{
    const int by = move_to(m) - move_from(m);
    return board_at(b, move_from(m)) == KING && (by == 2 || by == -2);
}

/* origin_write - file and rank as far as other moves of the kind to the same square ask for them.
 */
static size_t origin_write(const struct board *b, move m, enum piece k, char *out)
{
    move list[MOVES_MAX];
    const size_t n = board_moves(b, list);
    const int from = move_from(m);
    bool other = false, file = false, rank = false;
    char square[2];
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        const int s = move_from(list[i]);
        if (move_to(list[i]) != move_to(m) || s == from || board_at(b, s) != k)
            continue;
        other = true;
        file |= s % 8 == from % 8;
        rank |= s / 8 == from / 8;
    }
    square_write(square, from);
    if (other && (!file || rank))
        out[used++] = square[0];
    if (other && file)
        out[used++] = square[1];
    return used;
}

void san_write(const struct board *b, move m, char out[SAN_MAX])
{
    const int from = move_from(m), to = move_to(m);
    const enum piece k = board_at(b, from);
    struct board after = *b;
    size_t n = 0;
    if (castles(b, m)) {
        n = (size_t)snprintf(out, SAN_MAX, to > from ? "O-O" : "O-O-O");
    } else {
        const bool takes = (b->of[!b->to_move] & BIT(to)) || (k == PAWN && from % 8 != to % 8);
        if (k == PAWN) {
            if (takes)
                out[n++] = (char)('a' + from % 8);
        } else {
            out[n++] = pieces[k];
            if (k != KING)
                n += origin_write(b, m, k, out + n);
        }
        if (takes)
            out[n++] = 'x';
        square_write(out + n, to);
        n += 2;
        if (move_becomes(m) != PAWN) {
            out[n++] = '=';
            out[n++] = pieces[move_becomes(m)];
        }
    }
    board_play(&after, m);
    if (board_check(&after))
        out[n++] = board_mate(&after) ? '#' : '+';
    out[n] = '\0';
}

/* What a text says of a move; -1 where it says nothing. */
struct said {
    enum piece kind, becomes;
    int file, rank, to;
    int castling; /* 2 short, -2 long, 0 none */
};

static bool castling_said(const char *s, size_t n, struct said *w)
{
    char plain[6];
    if (n != 3 && n != 5)
        return false;
    for (size_t i = 0; i < n; i++)
        plain[i] = s[i] == '0' || s[i] == 'o' ? 'O' : s[i];
    if (strncmp(plain, "O-O-O", n) != 0)
        return false;
    w->castling = n == 3 ? 2 : -2;
    return true;
}

/* said_read - false where it is no spelling of a move. */
static bool said_read(const char *s, size_t n, struct said *w)
{
    *w = (struct said){PAWN, PAWN, -1, -1, -1, 0};
    if (n > 4 && strncmp(s + n - 4, "e.p.", 4) == 0)
        n -= 4;
    while (n && strchr("+#!?", s[n - 1]) && s[n - 1])
        n--;
    if (castling_said(s, n, w))
        return true;
    if (n && s[n - 1] == ')') /* e8(Q) */
        n--;
    const char *last = n && s[n - 1] ? strchr("NBRQ", s[n - 1]) : NULL;
    if (last && n > 2) {
        w->becomes = (enum piece)(strchr(pieces, *last) - pieces);
        n--;
        if (s[n - 1] == '=' || s[n - 1] == '(' || s[n - 1] == '/')
            n--;
    }
    if (n && s[0] && strchr(pieces, s[0])) {
        w->kind = (enum piece)(strchr(pieces, s[0]) - pieces);
        s++, n--;
    }
    if (n < 2 || s[n - 2] < 'a' || s[n - 2] > 'h' || s[n - 1] < '1' || s[n - 1] > '8')
        return false;
    w->to = 8 * (s[n - 1] - '1') + s[n - 2] - 'a';
    n -= 2;
    if (n && (s[n - 1] == 'x' || s[n - 1] == ':' || s[n - 1] == '-'))
        n--;
    if (n && *s >= 'a' && *s <= 'h') {
        w->file = *s - 'a';
        s++, n--;
    }
    if (n && *s >= '1' && *s <= '8') {
        w->rank = *s - '1';
        s++, n--;
    }
    return n == 0;
}

static bool fits(const struct board *b, move m, const struct said *w)
{
    const int from = move_from(m);
    if (w->castling)
        return castles(b, m) && move_to(m) - from == w->castling;
    return move_to(m) == w->to && move_becomes(m) == w->becomes && board_at(b, from) == w->kind &&
           (w->file < 0 || w->file == from % 8) && (w->rank < 0 || w->rank == from / 8) &&
           !castles(b, m);
}

/* shown - s as far as a sentence can have it. */
static void shown(const char *s, size_t n, char out[24])
{
    size_t k = 0;
    for (; k < n && k < 20; k++)
        out[k] = s[k] > ' ' && s[k] <= '~' ? s[k] : '?';
    out[k] = '\0';
}

int san_read(const struct board *b, const char *s, size_t n, move *m, struct err *e)
{
    move list[MOVES_MAX], found[2] = {NO_MOVE, NO_MOVE};
    struct said w;
    char text[24], a[SAN_MAX], other[SAN_MAX];
    size_t count = 0;
    shown(s, n, text);
    if (n > 16 || !said_read(s, n, &w))
        return err_set(e, ERR_INPUT, "\"%s\" is not the spelling of a move", text);
    const size_t moves = board_moves(b, list);
    for (size_t i = 0; i < moves; i++)
        if (fits(b, list[i], &w)) {
            if (count < 2)
                found[count] = list[i];
            count++;
        }
    if (count == 0)
        return err_set(e, ERR_INPUT, "%s is not legal here", text);
    if (count > 1) {
        san_write(b, found[0], a);
        san_write(b, found[1], other);
        return err_set(e, ERR_INPUT, "%s may be %s or %s", text, a, other);
    }
    *m = found[0];
    return OK;
}

void san_write_game(struct str *out, struct board *b, const move *moves, size_t n)
{
    char text[SAN_MAX];
    for (size_t i = 0; i < n; i++) {
        if (b->to_move == WHITE || i == 0)
            str_addf(out, "%s%u.%s", i ? " " : "", b->number, b->to_move == WHITE ? "" : "..");
        san_write(b, moves[i], text);
        str_addf(out, " %s", text);
        board_play(b, moves[i]);
    }
}

void uci_write(move m, char out[UCI_MAX])
{
    square_write(out, move_from(m));
    square_write(out + 2, move_to(m));
    out[4] = move_becomes(m) == PAWN ? (char)0 : lower[move_becomes(m)];
    out[5] = '\0';
}

int uci_read(const struct board *b, const char *s, size_t n, move *m, struct err *e)
{
    const char *becomes = n == 5 && s[4] ? strchr("nbrq", s[4]) : NULL;
    char text[24];
    shown(s, n, text);
    if ((n != 4 && !becomes) || s[0] < 'a' || s[0] > 'h' || s[1] < '1' || s[1] > '8' ||
        s[2] < 'a' || s[2] > 'h' || s[3] < '1' || s[3] > '8')
        return err_set(e, ERR_INPUT, "\"%s\" is not the spelling of a move, like e2e4", text);
    *m = MOVE(8 * (s[1] - '1') + s[0] - 'a', 8 * (s[3] - '1') + s[2] - 'a',
              becomes ? strchr(lower, *becomes) - lower : 0);
    if (!board_legal(b, *m))
        return err_set(e, ERR_INPUT, "%s is not legal here", text);
    return OK;
}
