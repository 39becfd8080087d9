/* corpus_rows.c - documents as rows of tokens. */
#include "chess/notation.h"
#include "chess/puzzle.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/stop.h"
#include "data/corpus.h"

#include <stdio.h>
#include <string.h>

struct rows {
    struct token_set *t;
    const struct corpus *c;
    const struct corpus_plan *p;
    int32_t bos; /* -1: none */
    size_t cap_tokens, cap_starts, cap_at;
    struct token_ids ids;
    struct str text;
};

static int rows_init(struct rows *r, struct token_set *t, const struct corpus *c,
                     const struct corpus_plan *p, struct err *e)
{
    *t = (struct token_set){.per = 1};
    *r = (struct rows){.t = t, .c = c, .p = p, .text = STR_INIT};
    BUG_ON(p->context < 2);
    int rc = mem_grow(&t->starts, &r->cap_starts, 1, sizeof *t->starts, e);
    if (rc)
        return rc;
    t->starts[0] = 0;
    return token_set_bos(p->writer->tok, &r->bos, e);
}

static int rows_end(struct rows *r, int rc)
{
    token_ids_release(&r->ids);
    str_release(&r->text);
    if (rc)
        token_set_release(r->t);
    return rc;
}

/* row_room - for a row of n tokens behind the last. */
static int row_room(struct rows *r, size_t n, struct err *e)
{
    struct token_set *t = r->t;
    size_t at = t->starts[t->n];
    int rc = mem_grow(&t->tokens, &r->cap_tokens, at + n, sizeof *t->tokens, e);
    if (!rc)
        rc = mem_grow(&t->starts, &r->cap_starts, t->n + 2, sizeof *t->starts, e);
    return rc ? rc : mem_grow(&t->answer_at, &r->cap_at, t->n + 1, sizeof *t->answer_at, e);
}

static int row_add(struct rows *r, const int32_t *tokens, size_t n, size_t answer_at, struct err *e)
{
    struct token_set *t = r->t;
    size_t at = t->starts[t->n];
    int rc = row_room(r, n, e);
    if (rc)
        return rc;
    memcpy(t->tokens + at, tokens, n * sizeof *tokens);
    t->answer_at[t->n] = answer_at;
    t->starts[++t->n] = at + n;
    t->longest = n > t->longest ? n : t->longest;
    return OK;
}

static int id_add(struct rows *r, int32_t id, struct err *e)
{
    int rc = mem_grow(&r->ids.ids, &r->ids.cap, r->ids.n + 1, sizeof *r->ids.ids, e);
    if (!rc)
        r->ids.ids[r->ids.n++] = id;
    return rc;
}

/* ids_begin - the tokens of a text, the first of a row. */
static int ids_begin(struct rows *r, const char *s, size_t n, struct err *e)
{
    r->ids.n = 0;
    int rc = r->bos >= 0 ? id_add(r, r->bos, e) : OK;
    return rc ? rc : tokenizer_encode(r->p->writer->tok, s, n, false, &r->ids, e);
}

static size_t game_moves(const struct corpus *c, size_t doc, const move **moves)
{
    *moves = c->moves + c->from[doc];
    return c->from[doc + 1] - c->from[doc];
}

static int document_rows(struct rows *r, size_t doc, struct err *e)
{
    const move *moves;
    size_t n, most = r->p->context;
    const char *s = corpus_document(r->c, doc, &n);
    int rc = ids_begin(r, s, n, e);
    if (!rc)
        rc = id_add(r, r->p->writer->end, e);
    if (rc)
        return rc;
    size_t tokens = r->ids.n;
    if (game_moves(r->c, doc, &moves))
        return row_add(r, r->ids.ids, tokens < most ? tokens : most, 1, e);
    for (size_t at = 0; !rc && at + 1 < tokens; at += most - 1)
        rc = row_add(r, r->ids.ids + at, tokens - at < most ? tokens - at : most, 1, e);
    return rc;
}

/* Of a document, those of t that were made of it when it was first read. */
struct made {
    size_t row, rows;
};

/* document_again - the same rows once more. */
static int document_again(struct rows *r, const struct made *m, struct err *e)
{
    const struct token_set *t = r->t;
    int rc = OK;
    for (size_t row = m->row; !rc && row < m->row + m->rows; row++) {
        rc = row_room(r, token_set_len(t, row), e);
        if (!rc)
            rc =
                row_add(r, t->tokens + t->starts[row], token_set_len(t, row), t->answer_at[row], e);
    }
    return rc;
}

/* document_next - the rows of the i-th document in pass `pass`: every one has been read in the
 * first. */
static int document_next(struct rows *r, struct made *m, size_t pass, size_t doc, struct err *e)
{
    if (pass)
        return document_again(r, m, e);
    m->row = r->t->n;
    int rc = document_rows(r, doc, e);
    m->rows = r->t->n - m->row;
    return rc;
}

/* move_row - the k-th move of a game, behind what came before or behind its position. */
static int move_row(struct rows *r, size_t doc, size_t k, bool position, bool end, struct err *e)
{
    const move *moves;
    char fen[FEN_MAX], san[SAN_MAX];
    struct board b;
    BUG_ON(k >= game_moves(r->c, doc, &moves));
    board_start(&b);
    str_reset(&r->text);
    if (!position)
        puzzle_prompt(&r->text, &b, moves, k);
    for (size_t i = 0; i < k; i++)
        board_play(&b, moves[i]);
    san_write(&b, moves[k], san);
    if (position) {
        board_write_compact(&b, fen);
        str_cat(&r->text, fen);
    }
    int rc = str_check(&r->text, e);
    if (!rc)
        rc = ids_begin(r, r->text.s, r->text.len, e);
    size_t at = r->ids.n;
    if (!rc)
        rc = answer_encode(r->p->writer, san, strlen(san), &r->ids, e);
    if (!rc && end)
        rc = id_add(r, r->p->writer->end, e);
    if (rc || r->ids.n > r->p->context)
        return rc;
    return row_add(r, r->ids.ids, r->ids.n, at, e);
}

/* A position takes at most this many draws until one fits into the context. */
enum { POSITION_TRIES = 100 };

static int position_add(struct rows *r, struct rng *rng, const size_t *doc, size_t n, struct err *e)
{
    const move *moves;
    size_t before = r->t->n;
    int rc = OK;
    for (int i = 0; !rc && r->t->n == before; i++) {
        if (i == POSITION_TRIES)
            return err_set(e, ERR_INPUT,
                           "positions do not fit into a context of %zu tokens, or there is no game",
                           r->p->context);
        size_t d = doc[rng_below(rng, n)], count = game_moves(r->c, d, &moves);
        if (count)
            rc = move_row(r, d, rng_below(rng, count), true, true, e);
    }
    return rc;
}

int corpus_rows(struct token_set *t, const struct corpus *c, const size_t *doc, size_t n,
                const struct corpus_plan *p, struct err *e)
{
    struct rows r;
    struct rng rng;
    size_t *order = mem_alloc(n, sizeof *order, e), positions = 0;
    struct made *made = order ? mem_alloc(n, sizeof *made, e) : NULL;
    BUG_ON(n == 0);
    int rc = rows_init(&r, t, c, p, e);
    if (!rc && !made)
        rc = e->code;
    rng_init(&rng, p->seed, "positions");
    for (size_t pass = 0, before; !rc && (!pass || t->starts[t->n] < p->tokens); pass++) {
        struct rng shuffle;
        char stream[40];
        snprintf(stream, sizeof stream, "documents %zu", pass);
        rng_init(&shuffle, p->seed, stream);
        for (size_t i = 0; i < n; i++)
            order[i] = i;
        if (p->tokens)
            rng_shuffle(&shuffle, order, n);
        before = t->n;
        for (size_t i = 0; !rc && i < n && (!p->tokens || t->starts[t->n] < p->tokens); i++) {
            rc = stop_check(e);
            if (!rc)
                rc = document_next(&r, &made[order[i]], pass, doc[order[i]], e);
            while (!rc && (double)positions < p->positions * (double)t->starts[t->n]) {
                size_t at = t->starts[t->n];
                rc = position_add(&r, &rng, doc, n, e);
                positions += rc ? 0 : t->starts[t->n] - at;
            }
        }
        if (!rc && t->n == before)
            rc = err_set(e, ERR_INPUT, "no document has a token to predict");
    }
    mem_free(order);
    mem_free(made);
    return rows_end(&r, rc);
}

int corpus_moves(struct token_set *t, const struct corpus *c, const size_t *doc, size_t n,
                 const struct corpus_plan *p, size_t each, bool position, struct err *e)
{
    struct rows r;
    struct rng rng;
    const move *moves;
    int rc = rows_init(&r, t, c, p, e);
    rng_init(&rng, p->seed, position ? "moves of positions" : "moves of games");
    for (size_t i = 0; !rc && i < n; i++) {
        size_t count = game_moves(c, doc[i], &moves);
        for (size_t k = 0; !rc && count && k < each; k++)
            rc = move_row(&r, doc[i], rng_below(&rng, count), position, false, e);
    }
    return rows_end(&r, rc);
}
