/* answer.c - see answer.h. */
#include "data/answer.h"
#include "chess/notation.h"
#include "chess/puzzle.h"
#include "core/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* puzzle_of - the position of an example and the move that is its answer. */
static int puzzle_of(const struct example *x, struct puzzle *p, bool *san, struct err *e)
{
    struct err ignored = ERR_INIT;
    size_t n = strlen(x->answer);
    *p = (struct puzzle){.themes = ""};
    int rc = board_read(&p->board, x->position, strlen(x->position), e);
    if (rc)
        return rc;
    *san = uci_read(&p->board, x->answer, n, &p->best, &ignored) != OK;
    return *san ? san_read(&p->board, x->answer, n, &p->best, e) : OK;
}

int answer_check(const struct example *x, struct err *e)
{
    struct puzzle p;
    bool san;
    return puzzle_of(x, &p, &san, e);
}

struct answer_verdict answer_judge(const struct example *x, const char *text, size_t n)
{
    struct err ignored = ERR_INIT;
    struct puzzle p;
    bool san;
    if (x->position) {
        if (puzzle_of(x, &p, &san, &ignored))
            BUG("an answer that was not checked: %s", ignored.msg);
        enum puzzle_verdict v = puzzle_judge(&p, text, n);
        return (struct answer_verdict){v == PUZZLE_RIGHT, v != PUZZLE_ILLEGAL};
    }
    while (n && isspace((unsigned char)*text))
        text++, n--;
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    bool right = n == strlen(x->answer) && memcmp(text, x->answer, n) == 0;
    return (struct answer_verdict){right, true};
}

int answer_options(const struct example *x, struct str *out, size_t *n, struct err *e)
{
    move list[MOVES_MAX];
    char spelled[SAN_MAX > UCI_MAX ? SAN_MAX : UCI_MAX];
    struct puzzle p;
    bool san;
    int rc = puzzle_of(x, &p, &san, e);
    *n = rc ? 0 : board_moves(&p.board, list);
    for (size_t i = 0; i < *n; i++) {
        if (san)
            san_write(&p.board, list[i], spelled);
        else
            uci_write(list[i], spelled);
        str_catn(out, spelled, strlen(spelled) + 1);
    }
    return rc ? rc : str_check(out, e);
}

/* text_of - the bytes of tokens, special ones aside. */
static int text_of(const struct tokenizer *tok, const int32_t *ids, size_t n, struct str *out,
                   struct err *e)
{
    int rc = OK;
    str_reset(out);
    for (size_t i = 0; !rc && i < n; i++)
        rc = tokenizer_decode(tok, ids[i], true, out, e);
    return rc ? rc : str_check(out, e);
}

int answer_writer_init(struct answer_writer *w, const struct tokenizer *tok, struct err *e)
{
    struct token_ids ids = {NULL, 0, 0};
    struct str text = STR_INIT;
    *w = (struct answer_writer){tok, true, tokenizer_eos(tok)};
    int rc = tokenizer_encode(tok, "a", 1, false, &ids, e);
    if (!rc)
        rc = text_of(tok, ids.ids, ids.n, &text, e);
    w->blank = rc || text.len == 0 || text.s[0] != ' ';
    ids.n = 0;
    if (!rc && w->end < 0)
        rc = tokenizer_encode(tok, "\n", 1, false, &ids, e);
    if (!rc && w->end < 0 && !ids.n)
        rc = err_set(e, ERR_INPUT,
                     "the tokenizer has neither an end-of-text token nor a line break: no answer "
                     "could end");
    if (!rc && w->end < 0)
        w->end = ids.ids[ids.n - 1];
    token_ids_release(&ids);
    str_release(&text);
    return rc;
}

int answer_encode(const struct answer_writer *w, const char *text, size_t n, struct token_ids *ids,
                  struct err *e)
{
    struct str s = STR_INIT;
    if (!n)
        return OK;
    if (w->blank)
        str_addc(&s, ' ');
    str_catn(&s, text, n);
    int rc = str_check(&s, e);
    if (!rc)
        rc = tokenizer_encode(w->tok, s.s, s.len, false, ids, e);
    str_release(&s);
    return rc;
}

int answer_decode(const struct answer_writer *w, const int32_t *tokens, size_t n, struct str *out,
                  struct err *e)
{
    struct str bytes = STR_INIT;
    size_t k = 0, at = 0, end;
    while (k < n && tokens[k] != w->end)
        k++;
    int rc = text_of(w->tok, tokens, k, &bytes, e);
    str_reset(out);
    str_cat(out, "");
    end = rc ? 0 : bytes.len;
    while (end && isspace((unsigned char)bytes.s[end - 1]))
        end--;
    while (at < end && isspace((unsigned char)bytes.s[at]))
        at++;
    while (at < end) {
        char point[4];
        unsigned cp;
        at += utf8_next(bytes.s + at, end - at, &cp);
        str_catn(out, point, utf8_put(point, cp ? cp : 0xFFFD));
    }
    str_release(&bytes);
    return rc ? rc : str_check(out, e);
}

int answers_longest(const struct example *x, size_t n, const struct answer_writer *w, size_t *most,
                    struct err *e)
{
    struct token_ids ids = {NULL, 0, 0};
    int rc = OK;
    for (size_t i = 0; !rc && i < n; i++) {
        ids.n = 0;
        rc = answer_encode(w, x[i].answer, strlen(x[i].answer), &ids, e);
        if (!rc && ids.n + 1 > *most)
            *most = ids.n + 1;
    }
    token_ids_release(&ids);
    return rc;
}

static int by_answer(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int answers_common(const struct example *x, size_t n, size_t *most, struct err *e)
{
    const char **all = mem_alloc(n, sizeof *all, e);
    *most = 0;
    if (!all)
        return e->code;
    for (size_t i = 0; i < n; i++)
        all[i] = x[i].answer;
    qsort(all, n, sizeof *all, by_answer);
    for (size_t begin = 0, end; begin < n; begin = end) {
        for (end = begin; end < n && strcmp(all[end], all[begin]) == 0; end++)
            ;
        *most = end - begin > *most ? end - begin : *most;
    }
    mem_free(all);
    return OK;
}

int answers_set(struct token_set *t, const struct example *x, const char *const *texts, size_t n,
                const struct answer_writer *w, size_t room, size_t *cut, struct err *e)
{
    struct token_set prompts;
    struct token_ids ids = {NULL, 0, 0};
    size_t cap = 0, at = 0;
    *cut = 0;
    *t = (struct token_set){.per = 1};
    int rc = token_set_make(&prompts, x, n, w->tok, e);
    if (rc)
        return rc;
    t->starts = mem_zalloc(n + 1, sizeof *t->starts, e);
    t->answer_at = t->starts ? mem_zalloc(n, sizeof *t->answer_at, e) : NULL;
    rc = t->answer_at ? OK : e->code;
    for (size_t i = 0; !rc && i < n; i++) {
        const char *text = texts ? texts[i] : x[i].answer;
        size_t prompt = token_set_len(&prompts, i);
        ids.n = 0;
        rc = answer_encode(w, text, strlen(text), &ids, e);
        size_t left = room > prompt + 1 ? room - prompt - 1 : 0;
        size_t said = ids.n < left ? ids.n : left;
        *cut += said < ids.n;
        if (!rc)
            rc = mem_grow(&t->tokens, &cap, at + prompt + said + 1, sizeof *t->tokens, e);
        if (rc)
            break;
        memcpy(t->tokens + at, prompts.tokens + prompts.starts[i], prompt * sizeof *t->tokens);
        at += prompt;
        t->answer_at[i] = prompt;
        if (said)
            memcpy(t->tokens + at, ids.ids, said * sizeof *t->tokens);
        at += said;
        t->tokens[at++] = w->end;
        t->starts[++t->n] = at;
        t->longest = prompt + said + 1 > t->longest ? prompt + said + 1 : t->longest;
    }
    token_ids_release(&ids);
    token_set_release(&prompts);
    if (rc)
        token_set_release(t);
    return rc;
}
