/* board.c - legal moves and what playing them changes. */
#include "chess/board.h"

#include <stddef.h>

#define FILE_A  0x0101010101010101u
#define FILE_H  0x8080808080808080u
#define BIT(s)  ((uint64_t)1 << (s))
#define RANK(r) ((uint64_t)0xff << (8 * (r)))

/* Steps by number of squares; those that would go over the board's side are cut by the file they
 * must not arrive at. */
static uint64_t step(uint64_t s, int by)
{
    switch (by) {
    case 8:
        return s << 8;
    case -8:
        return s >> 8;
    case 1:
        return (s & ~FILE_H) << 1;
    case -1:
        return (s & ~FILE_A) >> 1;
    case 9:
        return (s & ~FILE_H) << 9;
    case 7:
        return (s & ~FILE_A) << 7;
    case -7:
        return (s & ~FILE_H) >> 7;
    default:
        return (s & ~FILE_A) >> 9;
    }
}

static int lowest(uint64_t s)
{
    return __builtin_ctzll(s);
}

static uint64_t knight_reach(uint64_t s)
{
    const uint64_t one = step(s, 1) | step(s, -1),
                   two = step(step(s, 1), 1) | step(step(s, -1), -1);
    return one << 16 | one >> 16 | two << 8 | two >> 8;
}

static uint64_t king_reach(uint64_t s)
{
    const uint64_t row = s | step(s, 1) | step(s, -1);
    return (row | row << 8 | row >> 8) & ~s;
}

static uint64_t pawn_reach(uint64_t s, int side)
{
    return side == WHITE ? step(s, 7) | step(s, 9) : step(s, -7) | step(s, -9);
}

/* ray - what a slider sees in one direction, the first piece included. */
static uint64_t ray(uint64_t s, int by, uint64_t all)
{
    uint64_t seen = 0;
    do {
        s = step(s, by);
        seen |= s;
    } while (s & ~all);
    return seen;
}

static uint64_t bishop_reach(uint64_t s, uint64_t all)
{
    return ray(s, 9, all) | ray(s, 7, all) | ray(s, -7, all) | ray(s, -9, all);
}

static uint64_t rook_reach(uint64_t s, uint64_t all)
{
    return ray(s, 8, all) | ray(s, -8, all) | ray(s, 1, all) | ray(s, -1, all);
}

/* attacked - whether pieces of side `by` among `theirs` attack the square s (a set of one), where
 * `all` are the squares that are taken. */
static bool attacked(const struct board *b, uint64_t s, int by, uint64_t theirs, uint64_t all)
{
    if ((knight_reach(s) & theirs & b->are[KNIGHT]) ||
        (pawn_reach(s, !by) & theirs & b->are[PAWN]) || (king_reach(s) & theirs & b->are[KING]))
        return true;
    const uint64_t straight = theirs & (b->are[ROOK] | b->are[QUEEN]);
    const uint64_t oblique = theirs & (b->are[BISHOP] | b->are[QUEEN]);
    return (straight && (rook_reach(s, all) & straight)) ||
           (oblique && (bishop_reach(s, all) & oblique));
}

enum piece board_at(const struct board *b, int square)
{
    for (int k = PAWN; k <= KING; k++)
        if (b->are[k] & BIT(square))
            return (enum piece)k;
    return NO_PIECE;
}

static uint64_t king_of(const struct board *b, int side)
{
    return b->are[KING] & b->of[side];
}

bool board_check(const struct board *b)
{
    return attacked(b, king_of(b, b->to_move), !b->to_move, b->of[!b->to_move],
                    b->of[0] | b->of[1]);
}

/* What is known of a position before its moves are listed. */
struct lister {
    const struct board *b;
    uint64_t all, own, theirs, king;
    uint64_t suspects; /* own pieces that may be pinned: the first that the king sees */
    bool check;
    move *list;
    size_t n;
};

/* safe - whether the king is out of check after the move. */
static bool safe(const struct lister *l, int from, int to, uint64_t taken)
{
    const uint64_t king = l->king == BIT(from) ? BIT(to) : l->king;
    const uint64_t all = ((l->all & ~BIT(from)) & ~taken) | BIT(to);
    return !attacked(l->b, king, !l->b->to_move, l->theirs & ~taken, all);
}

static void list_add(struct lister *l, int from, int to)
{
    if ((l->check || (BIT(from) & (l->suspects | l->king))) && !safe(l, from, to, BIT(to)))
        return;
    if ((l->b->are[PAWN] & BIT(from)) && (BIT(to) & (RANK(0) | RANK(7)))) {
        for (unsigned k = QUEEN; k >= KNIGHT; k--)
            l->list[l->n++] = MOVE(from, to, k);
    } else {
        l->list[l->n++] = MOVE(from, to, PAWN);
    }
}

static void list_set(struct lister *l, int from, uint64_t targets)
{
    for (; targets; targets &= targets - 1)
        list_add(l, from, lowest(targets));
}

/* list_each - pieces of one kind, or the two that move so. */
static void list_pawns(struct lister *l)
{
    const int side = l->b->to_move, ahead = side == WHITE ? 8 : -8;
    const uint64_t first = side == WHITE ? RANK(2) : RANK(5), free = ~l->all;
    for (uint64_t p = l->own & l->b->are[PAWN]; p; p &= p - 1) {
        const int from = lowest(p);
        const uint64_t one = step(BIT(from), ahead) & free;
        const uint64_t takes = pawn_reach(BIT(from), side);
        list_set(l, from, one | (step(one & first, ahead) & free) | (takes & l->theirs));
        /* Two pawns leave one rank at once: no pin says whether the king is safe then */
        if (l->b->passed != NO_SQUARE && (takes & BIT(l->b->passed)) &&
            safe(l, from, l->b->passed, step(BIT(l->b->passed), -ahead)))
            l->list[l->n++] = MOVE(from, l->b->passed, PAWN);
    }
}

static void list_castling(struct lister *l)
{
    const struct board *b = l->b;
    const int by = !b->to_move, e1 = b->to_move == WHITE ? 4 : 60;
    const unsigned rights = b->to_move == WHITE ? b->castling : b->castling >> 2;
    if (l->check)
        return;
    if ((rights & CASTLE_K) && !(l->all & (BIT(e1 + 1) | BIT(e1 + 2))) &&
        !attacked(b, BIT(e1 + 1), by, l->theirs, l->all) &&
        !attacked(b, BIT(e1 + 2), by, l->theirs, l->all))
        l->list[l->n++] = MOVE(e1, e1 + 2, PAWN);
    if ((rights & CASTLE_Q) && !(l->all & (BIT(e1 - 1) | BIT(e1 - 2) | BIT(e1 - 3))) &&
        !attacked(b, BIT(e1 - 1), by, l->theirs, l->all) &&
        !attacked(b, BIT(e1 - 2), by, l->theirs, l->all))
        l->list[l->n++] = MOVE(e1, e1 - 2, PAWN);
}

size_t board_moves(const struct board *b, move list[MOVES_MAX])
{
    struct lister l = {.b = b, .list = list};
    l.own = b->of[b->to_move], l.theirs = b->of[!b->to_move], l.all = l.own | l.theirs;
    l.king = king_of(b, b->to_move);
    l.check = board_check(b);
    l.suspects = (rook_reach(l.king, l.all) | bishop_reach(l.king, l.all)) & l.own;
    list_pawns(&l);
    for (uint64_t p = l.own & ~b->are[PAWN]; p; p &= p - 1) {
        const int from = lowest(p);
        const uint64_t s = BIT(from);
        uint64_t reach = 0;
        if (s & b->are[KNIGHT])
            reach = knight_reach(s);
        else if (s & b->are[KING])
            reach = king_reach(s);
        if (s & (b->are[BISHOP] | b->are[QUEEN]))
            reach |= bishop_reach(s, l.all);
        if (s & (b->are[ROOK] | b->are[QUEEN]))
            reach |= rook_reach(s, l.all);
        list_set(&l, from, reach & ~l.own);
    }
    list_castling(&l);
    return l.n;
}

bool board_legal(const struct board *b, move m)
{
    move list[MOVES_MAX];
    const size_t n = board_moves(b, list);
    for (size_t i = 0; i < n; i++)
        if (list[i] == m)
            return true;
    return false;
}

static void lift(struct board *b, uint64_t s)
{
    for (int k = PAWN; k <= KING; k++)
        b->are[k] &= ~s;
    b->of[0] &= ~s;
    b->of[1] &= ~s;
}

static void put(struct board *b, int side, enum piece k, uint64_t s)
{
    b->are[k] |= s;
    b->of[side] |= s;
}

/* rights_at - the castling rights that end when something leaves or enters a square. */
static uint8_t rights_at(int square)
{
    switch (square) {
    case 0:
        return CASTLE_Q;
    case 4:
        return CASTLE_K | CASTLE_Q;
    case 7:
        return CASTLE_K;
    case 56:
        return CASTLE_q;
    case 60:
        return CASTLE_k | CASTLE_q;
    case 63:
        return CASTLE_k;
    default:
        return 0;
    }
}

void board_play(struct board *b, move m)
{
    const int from = move_from(m), to = move_to(m), side = b->to_move;
    const enum piece k = board_at(b, from);
    const bool takes = (b->of[!side] & BIT(to)) != 0, en_passant = k == PAWN && to == b->passed;
    BUG_ON(k == NO_PIECE || !(b->of[side] & BIT(from)));
    lift(b, BIT(from) | BIT(to));
    if (en_passant)
        lift(b, BIT(side == WHITE ? to - 8 : to + 8));
    put(b, side, move_becomes(m) == PAWN ? k : move_becomes(m), BIT(to));
    if (k == KING && (to - from == 2 || from - to == 2)) {
        lift(b, BIT(to > from ? to + 1 : to - 2));
        put(b, side, ROOK, BIT((from + to) / 2));
    }
    b->castling &= (uint8_t) ~(rights_at(from) | rights_at(to));
    b->passed = NO_SQUARE;
    if (k == PAWN && (to - from == 16 || from - to == 16))
        b->passed = (uint8_t)((from + to) / 2);
    b->halfmove = k == PAWN || takes ? 0 : b->halfmove + (b->halfmove < COUNTER_MAX);
    b->number += side == BLACK && b->number < COUNTER_MAX;
    b->to_move = (uint8_t)!side;
}

bool board_mate(const struct board *b)
{
    move list[MOVES_MAX];
    return board_check(b) && board_moves(b, list) == 0;
}

bool board_mates(const struct board *b, move m)
{
    struct board after = *b;
    board_play(&after, m);
    return board_mate(&after);
}
