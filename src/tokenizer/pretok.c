/* pretok.c - running the normalizers and cutters; the table of named pre-tokenizers.
 *
 * To add a pre-tokenizer that GGUF files and bare vocabularies name: one row of named[]. To add a
 * component of tokenizer.json: one row of the tables in pretok_read.c. */
#include "tokenizer/pretok.h"
#include "core/mem.h"
#include "tokenizer/nfc.h"
#include "tokenizer/pretok_steps.h"
#include "tokenizer/text.h"
#include <string.h>

#define PATTERN_LLAMA3                                                                             \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "                     \
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define PATTERN_QWEN2                                                                              \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "                          \
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/* What the original tokenizers of each family do. nfc: they normalise (a GGUF file does not say).
 */
static const struct named {
    const char *name;
    const char *pattern;
    bool digits; /* each digit by itself, first */
    bool nfc;
    bool ignore_merges;
} named[] = {
    {"gpt-2", PRETOK_GPT2, false, false, false},
    {"default", PRETOK_GPT2, false, false, false},
    {"phi-2", PRETOK_GPT2, false, false, false},
    {"roberta-bpe", PRETOK_GPT2, false, false, false},
    {"mpt", PRETOK_GPT2, false, true, false},
    {"olmo", PRETOK_GPT2, false, true, false},
    {"smollm", PRETOK_GPT2, true, false, false},
    {"starcoder", PRETOK_GPT2, true, false, false},
    {"refact", PRETOK_GPT2, true, false, false},
    {"qwen2", PATTERN_QWEN2, false, true, false},
    {"deepseek-r1-qwen", PATTERN_QWEN2, false, true, false},
    {"llama-bpe", PATTERN_LLAMA3, false, false, true},
    {"llama3", PATTERN_LLAMA3, false, false, true},
    {"llama-v3", PATTERN_LLAMA3, false, false, true},
    {"dbrx", PATTERN_LLAMA3, false, false, false}, /* OLMo 2 */
};

void pretok_init(struct pretok *p)
{
    *p = (struct pretok){.spec = STR_INIT};
}

void pretok_release(struct pretok *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_normals; i++) {
        regex_free(p->normals[i].find);
        mem_free(p->normals[i].text);
    }
    for (size_t i = 0; i < p->n_cuts; i++) {
        regex_free(p->cuts[i].find);
        mem_free(p->cuts[i].sign);
    }
    str_release(&p->spec);
    pretok_init(p);
}

int pretok_add_normal(struct pretok *p, enum normal_kind kind, const char *find, bool literal,
                      const char *text, struct err *e)
{
    struct normal_step *s = &p->normals[p->n_normals];
    int rc = OK;
    if (p->n_normals == PRETOK_MAX_STEPS)
        return err_set(e, ERR_INPUT, "more than %d normalizers", PRETOK_MAX_STEPS);
    *s = (struct normal_step){kind, NULL, NULL};
    p->n_normals++;
    if (text) {
        s->text = mem_strdup(text, e);
        if (!s->text)
            return e->code;
    }
    if (find)
        rc = literal ? regex_new_literal(&s->find, find, strlen(find), e)
                     : regex_new(&s->find, find, e);
    str_addf(&p->spec, "normal %d %d %zu:%s %zu:%s\n", (int)kind, literal, find ? strlen(find) : 0,
             find ? find : "", text ? strlen(text) : 0, text ? text : "");
    return rc ? rc : str_check(&p->spec, e);
}

int pretok_add_cut(struct pretok *p, enum cut_kind kind, const char *find, bool literal,
                   enum cut_behavior behavior, bool invert, struct err *e)
{
    struct cut_step *s = &p->cuts[p->n_cuts];
    int rc = OK;
    if (p->n_cuts == PRETOK_MAX_STEPS)
        return err_set(e, ERR_INPUT, "more than %d pre-tokenizers", PRETOK_MAX_STEPS);
    *s = (struct cut_step){.kind = kind, .behavior = behavior, .invert = invert};
    p->n_cuts++;
    if (find)
        rc = literal ? regex_new_literal(&s->find, find, strlen(find), e)
                     : regex_new(&s->find, find, e);
    str_addf(&p->spec, "cut %d %d %zu:%s %d %d\n", (int)kind, literal, find ? strlen(find) : 0,
             find ? find : "", (int)behavior, invert);
    return rc ? rc : str_check(&p->spec, e);
}

int pretok_add_sign(struct pretok *p, const char *sign, enum sign_prefix prefix, struct err *e)
{
    struct cut_step *s = &p->cuts[p->n_cuts];
    if (p->n_cuts == PRETOK_MAX_STEPS)
        return err_set(e, ERR_INPUT, "more than %d pre-tokenizers", PRETOK_MAX_STEPS);
    *s = (struct cut_step){.kind = CUT_SIGN, .prefix = prefix, .sign = mem_strdup(sign, e)};
    if (!s->sign)
        return e->code;
    p->n_cuts++;
    str_addf(&p->spec, "sign %zu:%s %d\n", strlen(sign), sign, (int)prefix);
    return str_check(&p->spec, e);
}

int pretok_set_bytes(struct pretok *p, struct err *e)
{
    p->bytes = true;
    str_cat(&p->spec, "bytes\n");
    return str_check(&p->spec, e);
}

static int named_find(const char *name, const struct named **out, struct err *e)
{
    const size_t count = sizeof named / sizeof named[0];
    int rc = OK;
    *out = NULL;
    for (size_t i = 0; i < count && !*out; i++)
        if (strcmp(named[i].name, name ? name : "default") == 0)
            *out = &named[i];
    if (!*out) {
        struct str list = STR_INIT;
        for (size_t i = 0; i < count; i++)
            str_addf(&list, "%s%s", i ? ", " : "", named[i].name);
        rc = err_set(e, ERR_INPUT, "the pre-tokenizer \"%s\" is not known; known are %s", name,
                     list.s);
        str_release(&list);
    }
    return rc;
}

static void type_json(struct js *j, const char *type)
{
    js_open(j, '{');
    js_key(j, "type"), js_str(j, type);
}

int pretok_named_json(const char *name, struct js *j, bool *ignore_merges, struct err *e)
{
    const struct named *row;
    int rc = named_find(name, &row, e);
    if (rc)
        return rc;
    *ignore_merges = row->ignore_merges;
    js_key(j, "normalizer");
    if (row->nfc)
        type_json(j, "NFC"), js_close(j, '}');
    else
        js_null(j);
    js_key(j, "pre_tokenizer"), type_json(j, "Sequence");
    js_key(j, "pretokenizers"), js_open(j, '[');
    if (row->digits) {
        type_json(j, "Digits");
        js_key(j, "individual_digits"), js_bool(j, true);
        js_close(j, '}');
    }
    type_json(j, "Split");
    js_key(j, "pattern"), js_open(j, '{');
    js_key(j, "Regex"), js_str(j, row->pattern);
    js_close(j, '}');
    js_key(j, "behavior"), js_str(j, "Isolated");
    js_key(j, "invert"), js_bool(j, false);
    js_close(j, '}');
    type_json(j, "ByteLevel");
    js_key(j, "add_prefix_space"), js_bool(j, false);
    js_key(j, "trim_offsets"), js_bool(j, true);
    js_key(j, "use_regex"), js_bool(j, false);
    js_close(j, '}');
    js_close(j, ']'), js_close(j, '}');
    return OK;
}

int pretok_named(struct pretok *p, const char *name, bool prefix_space, bool *ignore_merges,
                 struct err *e)
{
    const struct named *row;
    int rc = named_find(name, &row, e);
    if (rc)
        return rc;
    *ignore_merges = row->ignore_merges;
    if (row->nfc)
        rc = pretok_add_normal(p, NORMAL_NFC, NULL, false, NULL, e);
    if (rc == OK && row->digits)
        rc = pretok_add_cut(p, CUT_DIGITS, NULL, false, CUT_ISOLATED, false, e);
    if (rc == OK && prefix_space)
        rc = pretok_add_cut(p, CUT_PREFIX, NULL, false, CUT_ISOLATED, false, e);
    if (rc == OK)
        rc = pretok_add_cut(p, CUT_PATTERN, row->pattern, false, CUT_ISOLATED, false, e);
    return rc ? rc : pretok_set_bytes(p, e);
}

void pretok_work_init(struct pretok_work *w)
{
    *w = (struct pretok_work){
        .normal = STR_INIT, .other = STR_INIT, .spaced = STR_INIT, .shown = STR_INIT};
}

void pretok_work_release(struct pretok_work *w)
{
    regex_work_release(&w->regex);
    str_release(&w->normal);
    str_release(&w->other);
    str_release(&w->spaced);
    str_release(&w->shown);
    mem_free(w->spans);
    mem_free(w->next);
    pretok_work_init(w);
}

static int replace(const struct normal_step *step, struct pretok_work *w, const char *s, size_t n,
                   struct str *out, struct err *e)
{
    const char *seen = text_show(&w->shown, s, n, e);
    struct regex_walk walk;
    size_t done = 0, begin, end;
    bool found;
    int rc = seen ? OK : e->code;
    regex_walk_init(&walk, step->find, &w->regex, seen, n);
    while (rc == OK) {
        rc = regex_walk_next(&walk, &found, &begin, &end, e);
        if (rc || !found)
            break;
        str_catn(out, s + done, begin - done);
        str_cat(out, step->text);
        done = end;
    }
    if (rc == OK)
        str_catn(out, s + done, n - done);
    return rc;
}

int pretok_normalize(const struct pretok *p, struct pretok_work *w, const char *s, size_t n,
                     const char **out, size_t *out_n, struct err *e)
{
    int rc = OK;
    *out = s;
    *out_n = n;
    for (size_t i = 0; i < p->n_normals && rc == OK; i++) {
        const struct normal_step *step = &p->normals[i];
        struct str *to = *out == w->normal.s ? &w->other : &w->normal;
        if (*out_n == 0 || (step->kind == NORMAL_NFC && nfc_trivial(*out, *out_n)))
            continue;
        str_reset(to);
        switch (step->kind) {
        case NORMAL_NFC:
            rc = nfc_compose(to, *out, *out_n, e);
            break;
        case NORMAL_PREPEND:
            str_cat(to, step->text);
            str_catn(to, *out, *out_n);
            break;
        case NORMAL_REPLACE:
            rc = replace(step, w, *out, *out_n, to, e);
            break;
        default:
            BUG("normalizer %d", (int)step->kind);
        }
        if (rc == OK)
            rc = str_check(to, e);
        *out = to->s;
        *out_n = to->len;
    }
    return rc;
}

static int next_add(struct pretok_work *w, size_t begin, size_t end, struct err *e)
{
    if (begin == end)
        return OK;
    if (w->n_next == w->cap_next) {
        int rc = mem_grow(&w->next, &w->cap_next, w->n_next + 1, sizeof *w->next, e);
        if (rc)
            return rc;
    }
    w->next[w->n_next++] = (struct span){begin, end};
    return OK;
}

/* parts_merge - the parts of one piece, next[first..), match and between alternating as is_match
 * says, to what the behavior leaves of them. Kept in step with the original, which counts matches
 * from the side it looks from. */
struct part {
    struct span at;
    bool match;
};
struct parts {
    struct part *at;
    size_t n, cap;
};

static int parts_add(struct parts *p, size_t begin, size_t end, bool match, struct err *e)
{
    int rc = mem_grow(&p->at, &p->cap, p->n + 1, sizeof *p->at, e);
    if (rc == OK)
        p->at[p->n++] = (struct part){{begin, end}, match};
    return rc;
}

static int parts_emit(const struct parts *p, enum cut_behavior behavior, struct pretok_work *w,
                      struct err *e)
{
    size_t first = w->n_next;
    bool before = false;
    int rc = OK;
    for (size_t k = 0; k < p->n && rc == OK; k++) {
        const struct part *x = &p->at[behavior == CUT_WITH_NEXT ? p->n - 1 - k : k];
        bool join = false;
        switch (behavior) {
        case CUT_ISOLATED:
            break;
        case CUT_REMOVED:
            if (x->match)
                continue;
            break;
        case CUT_CONTIGUOUS:
            join = x->match == before;
            break;
        case CUT_WITH_PREVIOUS:
        case CUT_WITH_NEXT:
            join = x->match && !before;
            break;
        default:
            BUG("behavior %d", (int)behavior);
        }
        before = x->match;
        if (!join || w->n_next == first) {
            rc = next_add(w, x->at.begin, x->at.end, e);
        } else if (behavior == CUT_WITH_NEXT) {
            w->next[w->n_next - 1].begin = x->at.begin;
        } else {
            w->next[w->n_next - 1].end = x->at.end;
        }
    }
    if (behavior == CUT_WITH_NEXT)
        for (size_t a = first, b = w->n_next; a + 1 < b; a++, b--) {
            struct span t = w->next[a];
            w->next[a] = w->next[b - 1];
            w->next[b - 1] = t;
        }
    return rc;
}

/* piece_cut_isolated - the common case, without a list of parts. */
static int piece_cut_isolated(const struct cut_step *step, struct pretok_work *w, const char *seen,
                              struct span piece, struct err *e)
{
    struct regex_walk walk;
    size_t done = 0, begin, end;
    bool found;
    int rc = OK;
    regex_walk_init(&walk, step->find, &w->regex, seen + piece.begin, piece.end - piece.begin);
    while (rc == OK) {
        rc = regex_walk_next(&walk, &found, &begin, &end, e);
        if (rc || !found)
            break;
        rc = next_add(w, piece.begin + done, piece.begin + begin, e);
        if (rc == OK)
            rc = next_add(w, piece.begin + begin, piece.begin + end, e);
        done = end;
    }
    return rc ? rc : next_add(w, piece.begin + done, piece.end, e);
}

static int piece_cut(const struct cut_step *step, struct pretok_work *w, const char *seen,
                     struct span piece, struct err *e)
{
    struct parts parts = {NULL, 0, 0};
    struct regex_walk walk;
    size_t n = piece.end - piece.begin, done = 0, begin, end;
    bool found;
    int rc = OK;
    if (step->behavior == CUT_ISOLATED)
        return piece_cut_isolated(step, w, seen, piece, e);
    regex_walk_init(&walk, step->find, &w->regex, seen + piece.begin, n);
    while (rc == OK) {
        rc = regex_walk_next(&walk, &found, &begin, &end, e);
        if (rc || !found)
            break;
        if (done != begin)
            rc = parts_add(&parts, piece.begin + done, piece.begin + begin, step->invert, e);
        if (rc == OK)
            rc = parts_add(&parts, piece.begin + begin, piece.begin + end, !step->invert, e);
        done = end;
    }
    if (rc == OK && done != n)
        rc = parts_add(&parts, piece.begin + done, piece.end, step->invert, e);
    if (rc == OK)
        rc = parts_emit(&parts, step->behavior, w, e);
    mem_free(parts.at);
    return rc;
}

/* piece_cut_digits - at every digit (isolated) or around every run of them (contiguous). */
static int piece_cut_digits(const struct cut_step *step, struct pretok_work *w, const char *s,
                            struct span piece, struct err *e)
{
    size_t begin = piece.begin;
    bool was = false;
    int rc = OK;
    for (size_t i = piece.begin; i < piece.end && rc == OK;) {
        uint32_t cp;
        size_t len = text_next(s + i, &cp);
        bool is = text_is_numeric(cp);
        if (is != was || (is && step->behavior == CUT_ISOLATED)) {
            rc = next_add(w, begin, i, e);
            begin = i;
        }
        was = is;
        i += len;
    }
    return rc ? rc : next_add(w, begin, piece.end, e);
}

/* piece_sign - s[0..n) with the step's sign for each space, and before it where it is to be. */
static void piece_sign(const struct cut_step *step, const char *s, size_t n, bool first,
                       struct str *to)
{
    size_t len = strlen(step->sign);
    bool begins = *s == ' ' || (n >= len && memcmp(s, step->sign, len) == 0);
    if (!begins && (step->prefix == SIGN_ALWAYS || (step->prefix == SIGN_FIRST && first)))
        str_cat(to, step->sign);
    for (size_t i = 0; i < n;) {
        const char *space = memchr(s + i, ' ', n - i);
        size_t plain = space ? (size_t)(space - s) - i : n - i;
        str_catn(to, s + i, plain);
        if (space)
            str_cat(to, step->sign);
        i += plain + (space != NULL);
    }
}

/* pieces_space - a copy of the text with a space before each piece that has none, or with the
 * step's sign. */
static int pieces_space(const struct cut_step *step, struct pretok_work *w, bool first,
                        const char **s, struct err *e)
{
    struct str to = STR_INIT;
    int rc = OK;
    for (size_t i = 0; i < w->n_spans && rc == OK; i++) {
        struct span piece = w->spans[i];
        size_t begin = to.len;
        if (step->kind == CUT_SIGN) {
            piece_sign(step, *s + piece.begin, piece.end - piece.begin, first && i == 0, &to);
        } else {
            if ((*s)[piece.begin] != ' ')
                str_addc(&to, ' ');
            str_catn(&to, *s + piece.begin, piece.end - piece.begin);
        }
        rc = next_add(w, begin, to.len, e);
    }
    if (rc == OK)
        rc = str_check(&to, e);
    if (rc) {
        str_release(&to);
        return rc;
    }
    str_release(&w->spaced);
    w->spaced = to;
    *s = w->spaced.s;
    return OK;
}

int pretok_cut(const struct pretok *p, struct pretok_work *w, const char *s, size_t n, bool first,
               const char **out, struct err *e)
{
    const char *seen = NULL;
    int rc;
    *out = s;
    w->n_next = 0;
    rc = next_add(w, 0, n, e);
    for (size_t i = 0; rc == OK; i++) {
        struct span *spans = w->spans;
        size_t cap = w->cap_spans;
        w->spans = w->next;
        w->n_spans = w->n_next;
        w->cap_spans = w->cap_next;
        w->next = spans;
        w->n_next = 0;
        w->cap_next = cap;
        if (i == p->n_cuts)
            break;
        const struct cut_step *step = &p->cuts[i];
        if (step->kind == CUT_PREFIX || step->kind == CUT_SIGN) {
            rc = pieces_space(step, w, first, out, e);
            n = w->spaced.len;
            seen = NULL;
            continue;
        }
        if (step->kind == CUT_PATTERN && !seen) {
            seen = text_show(&w->shown, *out, n, e);
            if (!seen)
                rc = e->code;
        }
        for (size_t k = 0; k < w->n_spans && rc == OK; k++)
            rc = step->kind == CUT_DIGITS ? piece_cut_digits(step, w, *out, w->spans[k], e)
                                          : piece_cut(step, w, seen, w->spans[k], e);
    }
    return rc;
}
