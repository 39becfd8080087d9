/* puzzle.c - prompts, answers and rows of puzzles. */
#include "chess/puzzle.h"
#include "chess/notation.h"
#include "core/doc.h"

#include <math.h>
#include <string.h>

int puzzle_lichess(struct puzzle *p, const char *fen, const char *moves, struct err *e)
{
    size_t count = 0;
    move m = NO_MOVE;
    int rc = board_read(&p->board, fen, strlen(fen), e);
    struct board b = p->board;
    for (const char *s = moves; !rc && *(s += strspn(s, " ")); count++) {
        const size_t n = strcspn(s, " ");
        rc = uci_read(&b, s, n, &m, e);
        if (rc)
            return err_wrap(e, "move %zu", count + 1);
        board_play(&b, m);
        if (count == 0)
            p->board = b;
        else if (count == 1)
            p->best = m;
        s += n;
    }
    if (!rc && count < 2)
        rc = err_set(e, ERR_INPUT, "%zu move%s, wanted the opponent's and the answer", count,
                     count == 1 ? "" : "s");
    return rc;
}

void puzzle_prompt(struct str *out, const struct board *start, const move *moves, size_t n)
{
    struct board b = *start;
    char text[FEN_MAX];
    board_write(&b, text);
    if (strcmp(text, board_fen_start) == 0) {
        san_write_game(out, &b, moves, n);
        if (b.to_move == WHITE)
            str_addf(out, "%s%u.", n ? " " : "", b.number);
        return;
    }
    for (size_t i = 0; i < n; i++)
        board_play(&b, moves[i]);
    board_write_compact(&b, text);
    str_cat(out, text);
}

size_t puzzle_answers(const struct puzzle *p, move list[MOVES_MAX])
{
    move all[MOVES_MAX];
    size_t n = 0;
    list[n++] = p->best;
    if (!board_mates(&p->board, p->best))
        return n;
    const size_t count = board_moves(&p->board, all);
    for (size_t i = 0; i < count; i++)
        if (all[i] != p->best && board_mates(&p->board, all[i]))
            list[n++] = all[i];
    return n;
}

enum puzzle_verdict puzzle_judge(const struct puzzle *p, const char *text, size_t n)
{
    static const char blanks[] = " \t\r\n";
    struct err ignored = ERR_INIT;
    size_t k = 0;
    move m;
    while (n && *text && strchr(blanks, *text))
        text++, n--;
    while (k < n && text[k] && !strchr(blanks, text[k]))
        k++;
    if (san_read(&p->board, text, k, &m, &ignored) && uci_read(&p->board, text, k, &m, &ignored))
        return PUZZLE_ILLEGAL;
    if (m == p->best || (board_mates(&p->board, m) && board_mates(&p->board, p->best)))
        return PUZZLE_RIGHT;
    return PUZZLE_WRONG;
}

void puzzle_write(struct str *out, const struct puzzle *p)
{
    move list[MOVES_MAX];
    char text[FEN_MAX];
    struct js w;
    js_init(&w, out);
    js_open(&w, '{');
    js_key(&w, "id"), js_str(&w, p->id);
    board_write_compact(&p->board, text);
    js_key(&w, "prompt"), js_str(&w, p->prompt ? p->prompt : text);
    san_write(&p->board, p->best, text);
    js_key(&w, "answer"), js_str(&w, text);
    js_key(&w, "answers"), js_open(&w, '[');
    const size_t n = puzzle_answers(p, list);
    for (size_t i = 0; i < n; i++) {
        san_write(&p->board, list[i], text);
        js_str(&w, text);
    }
    js_close(&w, ']');
    board_write_compact(&p->board, text);
    js_key(&w, "game"), js_str(&w, p->game ? p->game : text);
    board_write(&p->board, text);
    js_key(&w, "fen"), js_str(&w, text);
    uci_write(p->best, text);
    js_key(&w, "uci"), js_str(&w, text);
    if (p->rating == floor(p->rating) && fabs(p->rating) < 1e9)
        js_key(&w, "rating"), js_int(&w, (int64_t)p->rating);
    else if (!isnan(p->rating))
        js_key(&w, "rating"), js_real(&w, p->rating);
    js_key(&w, "themes"), js_open(&w, '[');
    for (const char *s = p->themes; *(s += strspn(s, " "));) {
        const size_t k = strcspn(s, " ");
        js_strn(&w, s, k);
        s += k;
    }
    js_close(&w, ']');
    if (p->searched) {
        js_key(&w, "score"), js_int(&w, p->score);
        js_key(&w, "second"), js_int(&w, p->second);
    }
    js_close(&w, '}');
}
