#include "tokenizer/added.h"
#include "core/mem.h"
#include "tokenizer/text.h"

void added_set_init(struct added_set *s)
{
    *s = (struct added_set){0};
    for (size_t i = 0; i < 256; i++)
        s->first[i] = -1;
}

void added_set_release(struct added_set *s)
{
    if (!s)
        return;
    mem_free(s->nodes);
    regex_free(s->word);
    added_set_init(s);
}

int added_set_add(struct added_set *s, const char *text, size_t n, int32_t token, bool single_word,
                  struct err *e)
{
    int32_t parent = -1;
    int rc = OK;
    for (size_t i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)text[i];
        int32_t at = parent < 0 ? s->first[byte] : s->nodes[parent].child;
        while (at >= 0 && s->nodes[at].byte != byte)
            at = s->nodes[at].sibling;
        if (at < 0) {
            rc = mem_grow(&s->nodes, &s->cap, s->n + 1, sizeof *s->nodes, e);
            if (rc)
                return rc;
            at = (int32_t)s->n++;
            s->nodes[at] = (struct added_node){-1, -1, -1, byte};
            if (parent < 0) {
                s->first[byte] = at;
            } else {
                s->nodes[at].sibling = s->nodes[parent].child;
                s->nodes[parent].child = at;
            }
        }
        parent = at;
    }
    BUG_ON(parent < 0);
    if (s->nodes[parent].token < 0)
        s->nodes[parent].token = token;
    if (single_word && !s->word)
        rc = regex_new(&s->word, "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200C}\\x{200D}]", e);
    return rc;
}

/* longest_at - the token of the longest match that begins at s, its length in *len; -1: none. */
static int32_t longest_at(const struct added_set *set, const char *s, size_t n, size_t *len)
{
    int32_t best = -1, at = set->first[(unsigned char)s[0]];
    for (size_t i = 0; at >= 0;) {
        if (set->nodes[at].token >= 0) {
            best = set->nodes[at].token;
            *len = i + 1;
        }
        if (++i == n)
            break;
        at = set->nodes[at].child;
        while (at >= 0 && set->nodes[at].byte != (unsigned char)s[i])
            at = set->nodes[at].sibling;
    }
    return best;
}

static size_t point_before(const char *s, size_t at)
{
    do
        at--;
    while (((unsigned char)s[at] & 0xC0) == 0x80);
    return at;
}

/* word_at - is the code point at s[at] one of a word? */
static int word_at(const struct added_set *set, const char *s, size_t at, bool *yes, struct err *e)
{
    struct regex_work work = {NULL};
    struct str shown = STR_INIT;
    uint32_t cp;
    size_t begin, end, len = text_next(s + at, &cp);
    const char *text = text_show(&shown, s + at, len, e);
    int rc = text ? regex_find(set->word, &work, text, len, 0, yes, &begin, &end, e) : e->code;
    regex_work_release(&work);
    str_release(&shown);
    return rc;
}

static int stands_alone(const struct added_walk *w, size_t begin, size_t end, bool *yes,
                        struct err *e)
{
    bool before = false, after = false;
    int rc = OK;
    if (begin > 0)
        rc = word_at(w->set, w->s, point_before(w->s, begin), &before, e);
    if (rc == OK && end < w->n)
        rc = word_at(w->set, w->s, end, &after, e);
    *yes = !before && !after;
    return rc;
}

void added_walk_init(struct added_walk *w, const struct added_set *set,
                     const struct added_token *tokens, const char *s, size_t n, bool take_special)
{
    *w = (struct added_walk){set, tokens, s, n, take_special, 0, 0, -1, 0, 0};
}

/* walk_match - hold the next token that is to be taken. */
static int walk_match(struct added_walk *w, struct err *e)
{
    size_t len = 0;
    while (w->match < w->n && w->set->n > 0) {
        int32_t token = longest_at(w->set, w->s + w->match, w->n - w->match, &len);
        if (token < 0) {
            w->match++;
            continue;
        }
        const struct added_token *t = &w->tokens[token];
        size_t begin = w->match, end = begin + len;
        w->match = end;
        if (t->special && !w->take_special)
            continue;
        if (t->single_word) {
            bool alone;
            int rc = stands_alone(w, begin, end, &alone, e);
            if (rc)
                return rc;
            if (!alone)
                continue;
        }
        uint32_t cp;
        while (t->lstrip && begin > w->done) {
            size_t before = point_before(w->s, begin);
            (void)text_next(w->s + before, &cp);
            if (!text_is_space(cp))
                break;
            begin = before;
        }
        while (t->rstrip && end < w->n) {
            size_t bytes = text_next(w->s + end, &cp);
            if (!text_is_space(cp))
                break;
            end += bytes;
        }
        w->held = token;
        w->held_begin = begin;
        w->held_end = end;
        return OK;
    }
    return OK;
}

int added_walk_next(struct added_walk *w, struct added_piece *p, struct err *e)
{
    if (w->held < 0) {
        int rc = walk_match(w, e);
        if (rc)
            return -rc;
    }
    if (w->held >= 0) {
        if (w->done < w->held_begin) {
            *p = (struct added_piece){w->done, w->held_begin, -1};
            w->done = w->held_begin;
            return 1;
        }
        *p = (struct added_piece){w->held_begin, w->held_end, w->held};
        w->done = w->held_end;
        w->held = -1;
        return 1;
    }
    if (w->done < w->n) {
        *p = (struct added_piece){w->done, w->n, -1};
        w->done = w->n;
        return 1;
    }
    return 0;
}
