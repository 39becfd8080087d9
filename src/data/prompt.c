/* prompt.c - see prompt.h. */
#include "data/prompt.h"
#include "core/mem.h"
#include "data/spec.h"

#include <string.h>

const char *const asking_keys[] = {"instruction", "ask", "words", NULL};

void task_asking(const struct task *t, struct asking *a)
{
    *a = t->asking;
}

int asking_read(struct asking *a, const struct doc *map, struct err *e)
{
    char buf[80];
    *a = (struct asking){.instruction = NULL};
    if (!map)
        return OK;
    int rc = doc_opt_str(map, "instruction", &a->instruction, e);
    if (!rc)
        rc = doc_opt_str(map, "ask", &a->ask, e);
    const struct doc *words = doc_get(map, "words");
    if (rc || !words || words->type == DOC_NULL)
        return rc;
    if (words->type != DOC_LIST)
        return doc_fail(words, e, "\"words\" is %s, wanted a list, a word for each class",
                        doc_seen(words, buf, sizeof buf));
    if (words->n < 2 || words->n > TASK_CLASSES)
        return doc_fail(words, e,
                        "\"words\" has %zu entr%s, wanted a word for each class: from 2 to %d",
                        words->n, words->n == 1 ? "y" : "ies", TASK_CLASSES);
    for (const struct doc *d = words->child; d; d = d->next) {
        if (d->type != DOC_STRING || !*d->s)
            return doc_fail(d, e, "\"words\" holds %s, wanted words",
                            d->type == DOC_STRING ? "nothing" : doc_type_name(d->type));
        for (size_t i = 0; i < a->n_words; i++)
            if (strcmp(a->words[i], d->s) == 0)
                return doc_fail(d, e, "\"words\" has \"%s\" twice", d->s);
        a->words[a->n_words++] = d->s;
    }
    return OK;
}

int asking_check(const struct asking *a, const struct task *t, struct err *e)
{
    if (a->n_words != t->n_classes)
        return err_set(e, ERR_INPUT, "prompt.words has %zu words, task %s has %zu classes",
                       a->n_words, t->name, t->n_classes);
    return OK;
}

void asking_over(struct asking *a, const struct asking *own)
{
    a->instruction = own->instruction ? own->instruction : a->instruction;
    a->ask = own->ask ? own->ask : a->ask;
    if (own->n_words) {
        memcpy(a->words, own->words, sizeof a->words);
        a->n_words = own->n_words;
    }
}

/* word_add - the tokens of word k: those behind the tokens of what is asked, where it is cut there;
 * else its own. */
static int word_add(struct prompter *p, size_t k, struct err *e)
{
    struct token_ids asked = {NULL, 0, 0}, both = {NULL, 0, 0};
    const char *ask = p->asking.ask, *word = p->asking.words[k];
    str_reset(&p->text);
    str_addf(&p->text, "%s%s", ask, word);
    int rc = str_check(&p->text, e);
    if (!rc)
        rc = tokenizer_encode(p->tok, ask, strlen(ask), false, &asked, e);
    if (!rc)
        rc = tokenizer_encode(p->tok, p->text.s, p->text.len, false, &both, e);
    bool cut = !rc && both.n > asked.n &&
               (!asked.n || memcmp(both.ids, asked.ids, asked.n * sizeof *asked.ids) == 0);
    size_t at = p->word_tokens.n, skip = cut ? asked.n : 0;
    if (!rc && !cut) {
        both.n = 0;
        rc = tokenizer_encode(p->tok, word, strlen(word), false, &both, e);
    }
    if (!rc && both.n == skip)
        rc = err_set(e, ERR_INPUT, "prompt.words: \"%s\" becomes no token", word);
    if (!rc)
        rc = mem_grow(&p->word_tokens.ids, &p->word_tokens.cap, at + both.n - skip,
                      sizeof *both.ids, e);
    if (!rc) {
        memcpy(p->word_tokens.ids + at, both.ids + skip, (both.n - skip) * sizeof *both.ids);
        p->word_tokens.n = p->word_starts[k + 1] = at + both.n - skip;
    }
    token_ids_release(&asked);
    token_ids_release(&both);
    return rc;
}

int prompter_init(struct prompter *p, const struct asking *a, size_t K, const struct tokenizer *tok,
                  struct err *e)
{
    *p = (struct prompter){.tok = tok, .asking = *a, .K = K, .text = STR_INIT};
    BUG_ON(a->n_words != K || !a->ask || !a->instruction);
    int rc = token_set_bos(tok, &p->bos, e);
    if (!rc)
        rc = tokenizer_encode(tok, "\n\n", 2, false, &p->gap, e);
    for (size_t k = 0; !rc && k < K; k++)
        rc = word_add(p, k, e);
    return rc;
}

void prompter_release(struct prompter *p)
{
    token_ids_release(&p->word_tokens);
    token_ids_release(&p->gap);
    token_ids_release(&p->ids);
    str_release(&p->text);
}

static int ids_add(struct token_ids *out, const int32_t *ids, size_t n, struct err *e)
{
    int rc = mem_grow(&out->ids, &out->cap, out->n + n, sizeof *out->ids, e);
    if (rc || !n)
        return rc;
    memcpy(out->ids + out->n, ids, n * sizeof *ids);
    out->n += n;
    return OK;
}

/* text_add - a text and, on the next line, what is asked of it. */
static int text_add(struct prompter *p, const char *text, size_t n, struct token_ids *out,
                    struct err *e)
{
    str_reset(&p->text);
    str_catn(&p->text, text, n);
    str_addf(&p->text, "%s%s", n ? "\n" : "", p->asking.ask);
    int rc = str_check(&p->text, e);
    return rc ? rc : tokenizer_encode(p->tok, p->text.s, p->text.len, false, out, e);
}

int prompter_prefix(struct prompter *p, const struct shot *shots, size_t n, struct token_ids *out,
                    struct err *e)
{
    const char *first = p->asking.instruction;
    int rc = p->bos >= 0 ? ids_add(out, &p->bos, 1, e) : OK;
    if (!rc && *first) {
        rc = tokenizer_encode(p->tok, first, strlen(first), false, out, e);
        if (!rc)
            rc = ids_add(out, p->gap.ids, p->gap.n, e);
    }
    for (size_t i = 0; !rc && i < n; i++) {
        size_t begin = p->word_starts[shots[i].label], end = p->word_starts[shots[i].label + 1];
        rc = text_add(p, shots[i].text, shots[i].len, out, e);
        if (!rc)
            rc = ids_add(out, p->word_tokens.ids + begin, end - begin, e);
        if (!rc)
            rc = ids_add(out, p->gap.ids, p->gap.n, e);
    }
    return rc;
}

/* set_add - one sequence more of a set that has room for its start. */
static int set_add(struct prompter *p, struct token_set *t, size_t *cap, const char *text, size_t n,
                   struct err *e)
{
    size_t at = t->starts[t->n];
    p->ids.n = 0;
    int rc = text_add(p, text, n, &p->ids, e);
    if (!rc && !p->ids.n)
        rc = err_set(e, ERR_INPUT, "prompt.ask: an empty text with nothing asked is no token");
    if (!rc)
        rc = mem_grow(&t->tokens, cap, at + p->ids.n, sizeof *t->tokens, e);
    if (rc)
        return rc;
    memcpy(t->tokens + at, p->ids.ids, p->ids.n * sizeof *t->tokens);
    t->starts[++t->n] = at + p->ids.n;
    t->longest = p->ids.n > t->longest ? p->ids.n : t->longest;
    return OK;
}

int prompter_texts(struct prompter *p, const struct example *x, size_t n, struct token_set *t,
                   struct err *e)
{
    size_t cap = 0;
    *t = (struct token_set){.per = 1};
    t->starts = mem_zalloc(n + 1, sizeof *t->starts, e);
    int rc = t->starts ? OK : e->code;
    for (size_t i = 0; !rc && i < n; i++) {
        BUG_ON(x[i].n_alternatives);
        rc = set_add(p, t, &cap, x[i].text, x[i].len, e);
    }
    if (rc)
        token_set_release(t);
    return rc;
}

int prompter_text(struct prompter *p, const char *text, struct token_set *t, struct err *e)
{
    const struct example x = {.text = text, .len = strlen(text)};
    return prompter_texts(p, &x, 1, t, e);
}

/* Tokens that a piece may have more where it is cut together with what stands before it. */
#define SEAM 2

size_t prompter_longest(struct prompter *p, size_t shots, size_t max_tokens, struct err *e)
{
    size_t word = 0, fixed = 0;
    p->ids.n = 0;
    if (prompter_prefix(p, NULL, 0, &p->ids, e))
        return 0;
    fixed = p->ids.n;
    p->ids.n = 0;
    if (text_add(p, "", 0, &p->ids, e))
        return 0;
    for (size_t k = 0; k < p->K; k++) {
        size_t n = p->word_starts[k + 1] - p->word_starts[k];
        word = n > word ? n : word;
    }
    size_t text = max_tokens + p->ids.n + 1 + SEAM, shot = text + word + p->gap.n;
    return fixed + shots * shot + text + word - 1;
}

void task_blank(const struct task *t, const char *fill, struct str *out)
{
    for (size_t i = 0; i < t->n_pieces; i++)
        str_cat(out, t->pieces[i].text ? t->pieces[i].text : fill);
}
