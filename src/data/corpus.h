/* corpus.h - documents that a language model is made from, games among them, and their tokens.
 *
 *     files -> corpus_games, corpus_texts -> corpus_unique -> corpus_rows, corpus_moves -> trainer
 */
#ifndef W2S_DATA_CORPUS_H
#define W2S_DATA_CORPUS_H

#include "chess/board.h"
#include "core/log.h"
#include "data/answer.h"

struct corpus {
    struct str text; /* of all documents, one after the other */
    size_t *starts;  /* [n+1] in it */
    size_t n, cap_starts, cap_from;
    move *moves;  /* of all games */
    size_t *from; /* [n+1] where those of a document begin; the same place: it is no game */
    size_t cap_moves;
    size_t repeated; /* documents that were there already, and are left out */
    size_t left_out; /* games: they cannot be replayed, have no move, or do not begin as usual */
};
/* Zeroed it is empty; undone by corpus_release. */
void corpus_release(struct corpus *c);

/* corpus_games - every game of a PGN file, as puzzle_prompt spells it: "1. e4 e5 2. Nf3". A game
 * that cannot be replayed is warned of (log may be NULL) and left out.
 * corpus_texts - every row's field of what table_read reads; of a text file (TABLE_TEXT) every
 * block between blank lines. ERR_INPUT where a row has no such field, or it is no text. */
int corpus_games(struct corpus *c, const char *path, struct log *log, struct err *e);
int corpus_texts(struct corpus *c, const char *path, const char *field, struct log *log,
                 struct err *e);
/* corpus_unique - of equal documents the first stays. */
int corpus_unique(struct corpus *c, struct err *e);
/* corpus_hash - of all documents, in order. */
int corpus_hash(const struct corpus *c, char hex[65], struct err *e);
const char *corpus_document(const struct corpus *c, size_t i, size_t *n);

/* corpus_words - the most frequent words of documents doc[0..n) as tokenizer_words_save wants them,
 * at most `most` and each at least twice there; what positions of chess end with (" w KQkq") before
 * them where any is a game. words: one block with its strings, mem_free. */
int corpus_words(const struct corpus *c, const size_t *doc, size_t n, size_t most, char ***words,
                 size_t *count, struct err *e);

struct corpus_plan {
    const struct answer_writer *writer; /* how moves are spelled, what ends a document */
    size_t context;                     /* tokens of a row, at most; 2 or more */
    /* In all, at least: documents come in an order of the seed, again and again with another; 0:
     * each once, in the order given. */
    size_t tokens;
    double positions; /* share of tokens in rows that are a position and the move that was played */
    uint64_t seed;
};
/* corpus_rows - what is learnt of documents doc[0..n), n > 0. A game is a row, up to `context`
 * tokens; another document as many as it needs, each beginning with the last token of the one
 * before, so that every token but the first is predicted once. The end of a document is a token of
 * its own. Of a position (board_write_compact) only move and end are predicted.
 * corpus_moves - of each game `each` moves at random places, each a row with all before it, or
 * (position) where it was played; the move alone is predicted. Undone by token_set_release, after
 * an error too. */
int corpus_rows(struct token_set *t, const struct corpus *c, const size_t *doc, size_t n,
                const struct corpus_plan *p, struct err *e);
int corpus_moves(struct token_set *t, const struct corpus *c, const size_t *doc, size_t n,
                 const struct corpus_plan *p, size_t each, bool position, struct err *e);

#endif
