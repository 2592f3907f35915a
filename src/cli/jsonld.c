/* `cardo jsonld expand|compact`: any JSON-LD document, by the algorithms of JSON-LD 1.1. */
#include "cli/command.h"
#include "cli/documents.h"

#include <stdio.h>

const struct cd_flag cd_flags_jsonld[] = {
	{"--context", "FILE|URL",
		"expand: a context in front of the document's own; compact: the one to compact with"},
	{"--base", "IRI", "base of relative IRIs, instead of the place of the document"},
	{0},
};

struct job {
	const char *verb, *document, *context;
	cd_str base;
	bool compaction;
};

static cd_code take(void *arg, struct cd_cx *cx, const char *flag, cd_str value)
{
	struct job *j = arg;
	cd_str text = cd_arena_copy(cx->arena, value);
	if (!text.p)
		return cd_fail_memory(cx);
	if (flag && cd_str_eq(cd_str_z(flag), CD_STR("--context")))
		j->context = text.p;
	else if (flag)
		j->base = text;
	else if (!j->verb)
		j->verb = text.p;
	else if (!j->document)
		j->document = text.p;
	else
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "One document only");
	return CD_OK;
}

static cd_code check(struct job *j, struct cd_cx *cx)
{
	j->compaction = cd_str_eq(cd_str_z(j->verb), CD_STR("compact"));
	if (!j->compaction && !cd_str_eq(cd_str_z(j->verb), CD_STR("expand")))
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "Expected expand or compact");
	if (!j->document)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, NULL, "Which document? - is standard input");
	if (j->compaction && !j->context)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "--context", "Compact with which context?");
	if (j->base.p && cd_str_find(j->base, ':') == j->base.n)
		return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "--base", "Expected an absolute IRI");
	return CD_OK;
}

/* ---- the work ---- */

static cd_code work(struct job *j, struct cd_cx *cx, struct cd_documents *d, struct cd_json **ret)
{
	struct cd_ctx_docs docs = cd_documents_docs(d);
	struct cd_document document, context = {.root = NULL};
	struct cd_jld_problem problem = {CD_JLD_NONE, {NULL, 0}};
	if (cd_documents_read(d, j->document, &document, &problem) ||
		(j->context && cd_documents_read(d, j->context, &context, &problem)))
		return cx->err.code;
	const struct cd_jld_options o = {.base = j->base.p ? j->base : document.url,
		.context = j->compaction ? NULL : context.root,
		.context_url = document.context,
		.compact_base = context.url,
		.docs = &docs};
	if (j->compaction)
		(void)cd_jld_compact(cx, document.root, context.root, &o, ret, &problem);
	else
		(void)cd_jld_expand(cx, document.root, &o, ret, &problem);
	if (problem.missing.p && cd_documents_why(d)) {
		struct cd_err e = cx->err;
		cd_cx_clear(cx);
		(void)cd_fail(cx, e.code, e.where, "%s: %s", e.detail, cd_documents_why(d));
	}
	return cx->err.code;
}

/* ---- what comes out, for eyes ---- */

static void put_line(struct cd_buf *b, unsigned depth)
{
	cd_buf_char(b, '\n');
	while (depth--)
		CD_BUF_LIT(b, "  ");
}

static void put_pretty(struct cd_buf *b, const struct cd_json *v, unsigned depth)
{
	bool object = v->kind == CD_JSON_OBJECT;
	if ((!object && v->kind != CD_JSON_ARRAY) || !v->child) {
		cd_json_write(b, v);
		return;
	}
	cd_buf_char(b, object ? '{' : '[');
	for (const struct cd_json *m = v->child; m; m = m->next) {
		put_line(b, depth + 1);
		if (object) {
			cd_json_write_string(b, m->key);
			CD_BUF_LIT(b, ": ");
		}
		put_pretty(b, m, depth + 1);
		if (m->next)
			cd_buf_char(b, ',');
	}
	put_line(b, depth);
	cd_buf_char(b, object ? '}' : ']');
}

static cd_code print(struct cd_cx *cx, const struct cd_json *v)
{
	struct cd_buf b;
	cd_buf_init(&b, cx->set->request_memory);
	put_pretty(&b, v, 0);
	cd_buf_char(&b, '\n');
	bool good = !b.bad && fwrite(b.p, 1, b.n, stdout) == b.n && fflush(stdout) == 0;
	if (!good)
		(void)(b.bad ? cd_fail_memory(cx) : cd_fail(cx, CD_E_IO, NULL, "Writing failed"));
	cd_buf_done(&b);
	return cx->err.code;
}

int cd_cmd_jsonld(struct cd_cx *cx, int argc, char **argv)
{
	struct job j = {.verb = NULL};
	struct cd_settings set;
	struct cd_json *v = NULL;
	cx->set = &set;
	if (cd_cli_settings(cx, &set, cd_flags_jsonld, argc, argv, take, &j) || check(&j, cx))
		return cd_cli_fail(cx);
	struct cd_documents *d = cd_documents_new(cx);
	if (d && !work(&j, cx, d, &v))
		(void)print(cx, v);
	cd_documents_free(d);
	return cx->err.code ? cd_cli_fail(cx) : 0;
}
