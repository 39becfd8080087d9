/* pgn.c - a reader of PGN: characters, words, games. */
#include "chess/pgn.h"
#include "chess/notation.h"
#include "core/mem.h"
#include "core/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BLOCK    65536
#define TAG_MAX  4096 /* bytes of a tag's line */
#define WORD_MAX 40   /* bytes of a word that are kept: more than any move has */

struct pgn {
    struct pgn_source source;
    char *name;
    char *buf; /* [BLOCK] */
    size_t at, n;
    bool ended, line_begins;
    size_t line;
    int rc; /* of the source or of memory, for good */
    struct err *e;
    struct str tag_line;
    struct pgn_game game;
    size_t tags_cap, moves_cap;
    struct pgn_tag held; /* the first tag of the next game, read already */
    size_t held_line;
};

enum { END = -1 };

/* peek - the next character, or END. */
static int peek(struct pgn *p)
{
    if (p->at == p->n && !p->ended) {
        size_t got = 0;
        p->rc = p->source.pull(p->source.ctx, p->buf, BLOCK, &got, p->e);
        p->at = 0, p->n = p->rc ? 0 : got;
        p->ended = p->n == 0;
    }
    return p->at < p->n ? (unsigned char)p->buf[p->at] : END;
}

static int take(struct pgn *p)
{
    const int c = peek(p);
    if (c == END)
        return END;
    p->at++;
    p->line_begins = c == '\n';
    p->line += c == '\n';
    return c;
}

static void line_skip(struct pgn *p)
{
    for (int c = take(p); c != END && c != '\n';)
        c = take(p);
}

static bool blank(int c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\v' || c == '\f';
}

/* wrong - the game's first mistake is the one that is told. */
static void wrong(struct pgn *p, size_t line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void wrong(struct pgn *p, size_t line, const char *fmt, ...)
{
    struct pgn_game *g = &p->game;
    va_list ap;
    if (*g->wrong)
        return;
    const int n =
        snprintf(g->wrong, sizeof g->wrong, "%.200s:%zu: game %zu", p->name, line, g->number);
    va_start(ap, fmt);
    vsnprintf(g->wrong + n, sizeof g->wrong - (size_t)n, fmt, ap);
    va_end(ap);
}

/* text_take - s[0..n) as UTF-8, a heap string. */
static char *text_take(struct pgn *p, const char *s, size_t n)
{
    struct str out = STR_INIT;
    bool utf8 = true;
    for (size_t i = 0; i < n && utf8;) {
        unsigned cp;
        const size_t k = utf8_next(s + i, n - i, &cp);
        utf8 = cp != 0xfffd || k == 3;
        i += k;
    }
    if (utf8)
        str_catn(&out, s, n);
    else
        str_latin1(&out, s, n);
    char *text = str_take(&out, p->e);
    if (!text)
        p->rc = p->e->code;
    str_release(&out);
    return text;
}

/* value_read - the text between quotes from s on: to the quote before the closing bracket, so that
 * quotes that should have been escaped are kept. The place after the bracket, or NULL. */
static const char *value_read(struct str *value, const char *s, const char *end)
{
    for (; s < end; s++) {
        if (*s == '\\' && s + 1 < end && (s[1] == '"' || s[1] == '\\')) {
            str_addc(value, *++s);
            continue;
        }
        if (*s == '"') {
            const char *t = s + 1;
            while (t < end && blank(*t))
                t++;
            if (t < end && *t == ']')
                return t + 1;
        }
        if (*s)
            str_addc(value, *s);
    }
    return NULL;
}

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* tag_parse - [Name "value"] at s: the place after it, or NULL where it is none. */
static const char *tag_parse(struct pgn *p, const char *s, const char *end, struct pgn_tag *t)
{
    struct str value = STR_INIT;
    const char *name;
    *t = (struct pgn_tag){NULL, NULL};
    if (s == end || *s++ != '[')
        return NULL;
    while (s < end && blank(*s))
        s++;
    name = s;
    while (s < end && name_char(*s))
        s++;
    const size_t n = (size_t)(s - name);
    while (s < end && blank(*s))
        s++;
    if (!n || s == end || *s++ != '"')
        return NULL;
    s = value_read(&value, s, end);
    if (s) {
        t->name = text_take(p, name, n);
        t->value = text_take(p, value.s, value.len);
    }
    if (!p->rc && str_check(&value, p->e))
        p->rc = p->e->code;
    str_release(&value);
    return s;
}

static void tag_release(struct pgn_tag *t)
{
    mem_free(t->name);
    mem_free(t->value);
    *t = (struct pgn_tag){NULL, NULL};
}

/* tag_here - whether the line that begins, within a comment, is a tag, as it begins the next game:
 * a comment that is closed has none. It is held then; else what is taken of it has no bracket that
 * closes the comment. */
static bool tag_here(struct pgn *p)
{
    const size_t line = p->line;
    struct str *s = &p->tag_line;
    int c = peek(p);
    str_reset(s);
    if (c != '[')
        return false;
    while (c != END && c != '\n' && c != '}' && s->len < TAG_MAX) {
        str_addc(s, (char)take(p));
        c = peek(p);
        if (s->len == 2 && !name_char(s->s[1]) && !blank((unsigned char)s->s[1]))
            return false; /* "[%" of a clock, as most are */
    }
    if (!p->rc)
        p->rc = str_check(s, p->e);
    if (p->rc || c == '}' || !tag_parse(p, s->s, s->s + s->len, &p->held)) {
        tag_release(&p->held);
        return false;
    }
    p->held_line = line;
    return true;
}

/* comment_skip - { ... }; what opens it is taken. False where nothing closes it before the next
 * game or the end. */
static bool comment_skip(struct pgn *p)
{
    const size_t line = p->line;
    int c = 0;
    while (c != '}') {
        const bool tag = p->line_begins && tag_here(p);
        if (tag || (c = take(p)) == END) {
            if (!p->rc)
                wrong(p, line, ": a comment is not closed");
            return false;
        }
    }
    return true;
}

/* variation_skip - ( ... ) with what it holds; what opens it is taken. */
static void variation_skip(struct pgn *p)
{
    const size_t line = p->line;
    size_t depth = 1;
    while (depth) {
        const bool first = p->line_begins;
        const int c = peek(p);
        if (c == END || (c == '[' && first)) {
            if (!p->rc)
                wrong(p, line, ": a variation is not closed");
            return;
        }
        take(p);
        if (c == '{' && !comment_skip(p))
            return;
        if (c == ';' || (c == '%' && first))
            line_skip(p);
        else if (c == '(')
            depth++;
        else if (c == ')')
            depth--;
    }
}

const char *pgn_tag(const struct pgn_game *g, const char *name)
{
    for (size_t i = 0; i < g->n_tags; i++)
        if (strcmp(g->tags[i].name, name) == 0)
            return g->tags[i].value;
    return NULL;
}

/* tag_add - t is the game's from here on, or is let go. */
static void tag_add(struct pgn *p, struct pgn_tag *t)
{
    struct pgn_game *g = &p->game;
    if (!p->rc && !pgn_tag(g, t->name)) {
        p->rc = mem_grow(&g->tags, &p->tags_cap, g->n_tags + 1, sizeof *g->tags, p->e);
        if (!p->rc) {
            g->tags[g->n_tags++] = *t;
            return;
        }
    }
    g->tags_left_out++;
    tag_release(t);
}

/* tags_line - the tags of one line; false where the next game begins with it. */
static bool tags_line(struct pgn *p)
{
    const size_t line = p->line;
    int c;
    str_reset(&p->tag_line);
    while ((c = take(p)) != END && c != '\n')
        if (p->tag_line.len < TAG_MAX)
            str_addc(&p->tag_line, (char)c);
    if (!p->rc)
        p->rc = str_check(&p->tag_line, p->e);
    const char *s = p->tag_line.s, *end = s + p->tag_line.len;
    bool own = true;
    while (!p->rc) {
        struct pgn_tag t;
        while (s < end && blank(*s))
            s++;
        if (s == end)
            break;
        s = tag_parse(p, s, end, &t);
        if (!s || p->rc) {
            tag_release(&t);
            p->game.tags_left_out++;
            break;
        }
        if (own && strcmp(t.name, "Event") == 0 && pgn_tag(&p->game, "Event")) {
            own = false; /* a game without moves and result */
            p->held = t;
            p->held_line = line;
        } else if (own) {
            tag_add(p, &t);
        } else {
            tag_release(&t);
        }
    }
    return own;
}

static void game_reset(struct pgn *p)
{
    struct pgn_game *g = &p->game;
    for (size_t i = 0; i < g->n_tags; i++)
        tag_release(&g->tags[i]);
    g->n_tags = g->tags_left_out = g->n = 0;
    g->wrong[0] = '\0';
    g->number++;
    snprintf(g->result, sizeof g->result, "*");
}

/* game_start - the position that the tags say. */
static void game_start(struct pgn *p)
{
    struct pgn_game *g = &p->game;
    const char *fen = pgn_tag(g, "FEN"), *variant = pgn_tag(g, "Variant");
    static const char *const ours[] = {"", "?", "Standard", "standard", "From Position", "Chess"};
    struct err e = ERR_INIT;
    board_start(&g->start);
    if (variant) {
        size_t k = 0;
        while (k < sizeof ours / sizeof *ours && strcmp(ours[k], variant) != 0)
            k++;
        if (k == sizeof ours / sizeof *ours)
            wrong(p, g->line, ": its rules are those of \"%.60s\"", variant);
    }
    if (fen && *fen && board_read(&g->start, fen, strlen(fen), &e)) {
        wrong(p, g->line, ": %s", e.msg);
        board_start(&g->start);
    }
}

static void move_take(struct pgn *p, struct board *b, const char *word, size_t n)
{
    struct pgn_game *g = &p->game;
    struct err e = ERR_INIT;
    move m;
    if (*g->wrong)
        return;
    if (san_read(b, word, n, &m, &e)) {
        wrong(p, p->line, ", move %u of %s: %s", b->number, b->to_move == WHITE ? "White" : "Black",
              e.msg);
        return;
    }
    p->rc = mem_grow(&g->moves, &p->moves_cap, g->n + 1, sizeof *g->moves, p->e);
    if (p->rc)
        return;
    g->moves[g->n++] = m;
    board_play(b, m);
}

/* number_skip - bytes of a move's number at the beginning of a word: "12.", "12...", "...", "12".
 */
static size_t number_skip(const char *s, size_t n)
{
    size_t digits = 0;
    while (digits < n && s[digits] >= '0' && s[digits] <= '9')
        digits++;
    if (digits == n)
        return n;
    size_t k = digits;
    while (k < n && s[k] == '.')
        k++;
    return k > digits ? k : 0;
}

static bool word_is(const char *s, size_t n, const char *what)
{
    return strlen(what) == n && memcmp(s, what, n) == 0;
}

/* word_take - a word of the moves' text; true where it is the result. */
static bool word_take(struct pgn *p, struct board *b, const char *s, size_t n)
{
    static const char *const results[] = {"1-0", "0-1", "1/2-1/2", "*", "1/2"};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (word_is(s, n, results[i])) {
            snprintf(p->game.result, sizeof p->game.result, "%s", results[i == 4 ? 2 : i]);
            return true;
        }
    const size_t skip = number_skip(s, n);
    s += skip, n -= skip;
    size_t signs = 0;
    while (signs < n && s[signs] && strchr("!?+-=/#~", s[signs]))
        signs++;
    /* "!?", "+-" and the like say what somebody thinks; "--" is a move that is none */
    if (n && (signs < n || word_is(s, n, "--")) && !word_is(s, n, "e.p."))
        move_take(p, b, s, n);
    return false;
}

static void moves_read(struct pgn *p)
{
    struct board b = p->game.start;
    while (!p->rc && !p->held.name) { /* held: out of a comment that nothing closes */
        const bool first = p->line_begins;
        int c = peek(p);
        if (c == END || (c == '[' && first))
            return;
        if (c != '%' || !first) {
            char word[WORD_MAX];
            size_t n = 0;
            while (c != END && !blank(c) && !strchr("{}();[]$", c) && !(c == '*' && n)) {
                if (n < WORD_MAX)
                    word[n++] = (char)c;
                take(p);
                c = peek(p);
                if (n == 1 && *word == '*')
                    break;
            }
            if (n) {
                if (p->rc || word_take(p, &b, word, n))
                    return;
                continue;
            }
        }
        take(p);
        if (c == '{') {
            comment_skip(p);
        } else if (c == ';' || c == '%') {
            line_skip(p);
        } else if (c == '(') {
            variation_skip(p);
        } else if (c == '$') {
            while ((c = peek(p)) >= '0' && c <= '9')
                take(p);
        } else if (!c) {
            wrong(p, p->line, ": a NUL byte among the moves");
        } else if (!blank(c)) {
            wrong(p, p->line, ": \"%c\" among the moves, that nothing %s", c,
                  c == '[' ? "closes" : "opened");
        }
    }
}

int pgn_next(struct pgn *p, const struct pgn_game **game, struct err *e)
{
    *game = NULL;
    BUG_ON(p->rc);
    p->e = e;
    game_reset(p);
    p->game.line = 0;
    if (p->held.name) {
        p->game.line = p->held_line;
        tag_add(p, &p->held);
        p->held = (struct pgn_tag){NULL, NULL};
    }
    int c;
    bool own = true;
    while (own && (c = peek(p)) != END) {
        if (c == '%' && p->line_begins) {
            line_skip(p);
        } else if (blank(c)) {
            take(p);
        } else {
            if (!p->game.line)
                p->game.line = p->line;
            if (c != '[')
                break;
            own = tags_line(p);
        }
    }
    if (p->rc || !p->game.line)
        return p->rc;
    game_start(p);
    if (own)
        moves_read(p);
    if (p->rc)
        return p->rc;
    *game = &p->game;
    return OK;
}

/* mark_skip - the byte order mark that some programs begin a file with. */
static void mark_skip(struct pgn *p)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t got = 1;
    while (!p->rc && got && p->n < 3) {
        p->rc = p->source.pull(p->source.ctx, p->buf + p->n, BLOCK - p->n, &got, p->e);
        p->n += p->rc ? 0 : got;
    }
    if (!p->rc && p->n >= 2 &&
        (memcmp(p->buf, "\xff\xfe", 2) == 0 || memcmp(p->buf, "\xfe\xff", 2) == 0))
        p->rc = err_set(p->e, ERR_INPUT,
                        "%s:1: the text is UTF-16; wanted UTF-8: save it anew as that", p->name);
    if (p->n >= 3 && memcmp(p->buf, mark, 3) == 0)
        p->at = 3;
}

int pgn_open(struct pgn **out, struct pgn_source source, const char *name, struct err *e)
{
    struct pgn *p = mem_zalloc(1, sizeof *p, e);
    *out = NULL;
    if (!p)
        return e->code;
    p->source = source;
    p->e = e;
    p->line = 1;
    p->line_begins = true;
    str_init(&p->tag_line);
    p->name = mem_strdup(name, e);
    p->buf = p->name ? mem_alloc(BLOCK, 1, e) : NULL;
    if (!p->buf) {
        pgn_close(p);
        return e->code;
    }
    mark_skip(p);
    if (p->rc) {
        const int rc = p->rc;
        pgn_close(p);
        return rc;
    }
    *out = p;
    return OK;
}

void pgn_close(struct pgn *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->game.n_tags; i++)
        tag_release(&p->game.tags[i]);
    tag_release(&p->held);
    mem_free(p->game.tags);
    mem_free(p->game.moves);
    str_release(&p->tag_line);
    mem_free(p->name);
    mem_free(p->buf);
    mem_free(p);
}
