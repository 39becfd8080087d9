/* corpus.c - documents out of files. */
#include "data/corpus.h"
#include "chess/notation.h"
#include "chess/pgn.h"
#include "chess/puzzle.h"
#include "core/hash.h"
#include "core/mem.h"
#include "data/table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void corpus_release(struct corpus *c)
{
    str_release(&c->text);
    mem_free(c->starts);
    mem_free(c->from);
    mem_free(c->moves);
    *c = (struct corpus){.text = STR_INIT};
}

const char *corpus_document(const struct corpus *c, size_t i, size_t *n)
{
    BUG_ON(i >= c->n);
    *n = c->starts[i + 1] - c->starts[i];
    return c->text.s + c->starts[i];
}

/* document_add - what has been appended to text since the last one, and a game's moves. */
static int document_add(struct corpus *c, const move *moves, size_t n, struct err *e)
{
    int rc = str_check(&c->text, e);
    if (!rc)
        rc = mem_grow(&c->starts, &c->cap_starts, c->n + 2, sizeof *c->starts, e);
    if (!rc)
        rc = mem_grow(&c->from, &c->cap_from, c->n + 2, sizeof *c->from, e);
    if (rc)
        return rc;
    if (!c->n)
        c->starts[0] = c->from[0] = 0;
    size_t at = c->from[c->n];
    rc = mem_grow(&c->moves, &c->cap_moves, at + n + 1, sizeof *c->moves, e);
    if (rc)
        return rc;
    if (n)
        memcpy(c->moves + at, moves, n * sizeof *moves);
    c->n++;
    c->from[c->n] = at + n;
    c->starts[c->n] = c->text.len;
    return OK;
}

/* usual - whether a game begins as games do. */
static bool usual(const struct board *b)
{
    char fen[FEN_MAX];
    board_write(b, fen);
    return strcmp(fen, board_fen_start) == 0;
}

static int game_add(struct corpus *c, const struct pgn_game *g, struct log *log, struct err *e)
{
    struct board b = g->start;
    if (*g->wrong || !g->n || !usual(&b)) {
        c->left_out++;
        if (*g->wrong && log)
            log_warn_once(log, "%s; the game is left out", g->wrong);
        return OK;
    }
    san_write_game(&c->text, &b, g->moves, g->n);
    return document_add(c, g->moves, g->n, e);
}

int corpus_games(struct corpus *c, const char *path, struct log *log, struct err *e)
{
    struct archive_stream *stream = NULL;
    struct pgn *p = NULL;
    const struct pgn_game *g;
    int rc = archive_open(&stream, path, e);
    if (!rc)
        rc = pgn_open(&p, (struct pgn_source){archive_pull, stream}, path, e);
    while (!rc && !(rc = pgn_next(p, &g, e)) && g)
        rc = game_add(c, g, log, e);
    pgn_close(p);
    archive_close(stream);
    return rc;
}

struct text_reader {
    struct corpus *c;
    const char *field;
    bool lines; /* of a text file: blocks between blank ones */
    size_t n;   /* bytes of the block so far */
};

static bool blank(const char *s, size_t n)
{
    while (n && isspace((unsigned char)*s))
        s++, n--;
    return n == 0;
}

static int block_end(struct text_reader *r, struct err *e)
{
    size_t n = r->n;
    r->n = 0;
    return n ? document_add(r->c, NULL, 0, e) : OK;
}

static int row_add(void *ctx, const struct doc *row, struct err *e)
{
    struct text_reader *r = ctx;
    struct corpus *c = r->c;
    const struct doc *d = doc_get(row, r->lines ? "text" : r->field);
    if (!d || d->type != DOC_STRING)
        return err_set(e, ERR_INPUT, "%s:%d: \"%s\" is %s, wanted a text", row->file, row->line,
                       r->field, d ? doc_type_name(d->type) : "missing");
    if (blank(d->s, d->len))
        return r->lines ? block_end(r, e) : OK;
    if (r->n)
        str_addc(&c->text, '\n');
    str_catn(&c->text, d->s, d->len);
    r->n += d->len;
    return r->lines ? OK : block_end(r, e);
}

int corpus_texts(struct corpus *c, const char *path, const char *field, struct log *log,
                 struct err *e)
{
    struct text_reader r = {c, field, table_format_of(path) == TABLE_TEXT, 0};
    struct table_settings s = {.log = log};
    int rc = table_read(path, &s, row_add, &r, e);
    return rc ? rc : block_end(&r, e);
}

struct document {
    const char *s;
    size_t n, index;
};

static int by_text(const void *pa, const void *pb)
{
    const struct document *a = pa, *b = pb;
    int order = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);
    if (order)
        return order;
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* documents_keep - those not marked, moved together. */
static void documents_keep(struct corpus *c, const bool *again)
{
    size_t kept = 0, text = 0, moves = 0;
    for (size_t i = 0; i < c->n; i++) {
        size_t begin = c->starts[i], n = c->starts[i + 1] - begin;
        size_t from = c->from[i], m = c->from[i + 1] - from;
        if (again[i])
            continue;
        memmove(c->text.s + text, c->text.s + begin, n);
        memmove(c->moves + moves, c->moves + from, m * sizeof *c->moves);
        c->starts[kept] = text, c->from[kept] = moves;
        kept++, text += n, moves += m;
    }
    c->repeated += c->n - kept;
    c->n = kept;
    c->starts[kept] = c->text.len = text;
    c->from[kept] = moves;
}

int corpus_unique(struct corpus *c, struct err *e)
{
    if (!c->n)
        return OK;
    struct document *all = mem_alloc(c->n, sizeof *all, e);
    bool *again = all ? mem_zalloc(c->n, sizeof *again, e) : NULL;
    if (again) {
        for (size_t i = 0; i < c->n; i++) {
            all[i].index = i;
            all[i].s = corpus_document(c, i, &all[i].n);
        }
        qsort(all, c->n, sizeof *all, by_text);
        for (size_t i = 1; i < c->n; i++)
            if (all[i].n == all[i - 1].n && memcmp(all[i].s, all[i - 1].s, all[i].n) == 0)
                again[all[i].index] = true;
        documents_keep(c, again);
    }
    bool good = again != NULL;
    mem_free(all);
    mem_free(again);
    return good ? OK : e->code;
}

int corpus_hash(const struct corpus *c, char hex[65], struct err *e)
{
    struct hash *h = hash_new(e);
    if (!h)
        return e->code;
    hash_add(h, &c->n, sizeof c->n);
    if (c->n) {
        hash_add(h, c->starts, (c->n + 1) * sizeof *c->starts);
        hash_add(h, c->text.s, c->text.len);
    }
    hash_end(h, hex);
    hash_free(h);
    return OK;
}

/* Words that positions end with: the side to move, castling. */
static const char *const position_words[] = {" w",   " b",   " K",   " Q",   " k",   " q",
                                             " KQ",  " Kk",  " Kq",  " Qk",  " Qq",  " kq",
                                             " KQk", " KQq", " Kkq", " Qkq", " KQkq"};
enum { POSITION_WORDS = sizeof position_words / sizeof *position_words };

struct word {
    const char *s;
    size_t n, count;
};

static int word_compare(const struct word *a, const struct word *b)
{
    int order = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);
    return order ? order : (a->n > b->n) - (a->n < b->n);
}

static int by_word(const void *a, const void *b)
{
    return word_compare(a, b);
}

static int by_count(const void *pa, const void *pb)
{
    const struct word *a = pa, *b = pb;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return word_compare(a, b);
}

/* words_cut - of documents, before each blank; sorted, each once with its count. */
static int words_cut(const struct corpus *c, const size_t *doc, size_t docs, struct word **out,
                     size_t *n, struct err *e)
{
    struct word *w = NULL;
    size_t cap = 0, different = 0;
    *n = 0;
    for (size_t i = 0; i < docs; i++) {
        size_t len;
        const char *s = corpus_document(c, doc[i], &len);
        for (size_t at = 0, end; at < len; at = end) {
            for (end = at + 1; end < len && s[end] != ' '; end++)
                ;
            int rc = mem_grow(&w, &cap, *n + 1, sizeof *w, e);
            if (rc) {
                mem_free(w);
                return rc;
            }
            w[(*n)++] = (struct word){s + at, end - at, 1};
        }
    }
    if (*n)
        qsort(w, *n, sizeof *w, by_word);
    for (size_t i = 0; i < *n; i++)
        if (i && word_compare(&w[different - 1], &w[i]) == 0)
            w[different - 1].count++;
        else
            w[different++] = w[i];
    *n = different;
    *out = w;
    return OK;
}

/* word_wanted - one that is no token yet. */
static bool word_wanted(const struct word *w, bool games)
{
    if (w->count < 2 || w->n < 2)
        return false;
    for (size_t i = 0; games && i < POSITION_WORDS; i++)
        if (strlen(position_words[i]) == w->n && memcmp(position_words[i], w->s, w->n) == 0)
            return false;
    return true;
}

int corpus_words(const struct corpus *c, const size_t *doc, size_t n, size_t most, char ***words,
                 size_t *count, struct err *e)
{
    struct word *w = NULL;
    size_t all = 0, bytes = 0, kept = 0;
    bool games = c->n && c->from[c->n] > 0;
    *words = NULL;
    *count = 0;
    int rc = words_cut(c, doc, n, &w, &all, e);
    if (rc)
        return rc;
    if (all)
        qsort(w, all, sizeof *w, by_count);
    size_t first = games ? (size_t)POSITION_WORDS : 0;
    first = first < most ? first : most;
    for (size_t i = 0; i < all && first + kept < most; i++)
        if (word_wanted(&w[i], games))
            bytes += w[i].n + 1, w[kept++] = w[i];
    *words = mem_alloc(1, (first + kept) * sizeof **words + bytes + 1, e);
    char *to = *words ? (char *)(*words + first + kept) : NULL;
    for (size_t i = 0; to && i < first; i++)
        (*words)[i] = (char *)(uintptr_t)position_words[i];
    for (size_t i = 0; to && i < kept; i++) {
        (*words)[first + i] = memcpy(to, w[i].s, w[i].n);
        to[w[i].n] = '\0';
        to += w[i].n + 1;
    }
    *count = to ? first + kept : 0;
    mem_free(w);
    return to ? OK : e->code;
}
