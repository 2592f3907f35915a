/* Errors as responses. */
#include "http/problem.h"

#include "json/json.h"

static const struct {
	cd_str type_base, media;
} surface[] = {
	[CD_SURFACE_NGSILD] = {CD_STR_INIT("https://uri.etsi.org/ngsi-ld/errors/"),
		CD_STR_INIT("application/json")},
	[CD_SURFACE_OGC] = {CD_STR_INIT(""), CD_STR_INIT("application/problem+json")},
};

void cd_problem_write(struct cd_buf *b, enum cd_surface s, const struct cd_err *err)
{
	CD_BUF_LIT(b, "{\"type\":\"");
	cd_buf_put(b, s == CD_SURFACE_OGC ? CD_STR("about:blank") : surface[s].type_base);
	if (s == CD_SURFACE_NGSILD)
		cd_buf_put(b, cd_code_type(err->code));
	CD_BUF_LIT(b, "\",\"title\":");
	cd_json_write_string(b, cd_str_z(cd_code_title(err->code)));
	/* words may quote what the client sent, bytes that are no text included */
	bool text = err->detail && cd_utf8_valid(cd_str_z(err->detail));
	CD_BUF_LIT(b, ",\"detail\":");
	cd_json_write_string(b, text          ? cd_str_z(err->detail)
				: err->detail ? CD_STR("It holds bytes that are not UTF-8")
					      : cd_str_z(cd_code_title(err->code)));
	cd_buf_printf(b, ",\"status\":%d", cd_code_status(err->code));
	if (err->where && err->where[0] && cd_utf8_valid(cd_str_z(err->where))) {
		CD_BUF_LIT(b, ",\"where\":");
		cd_json_write_string(b, cd_str_z(err->where));
	}
	if (err->found && cd_utf8_valid(cd_str_z(err->found))) {
		CD_BUF_LIT(b, ",\"found\":");
		cd_json_write_string(b, cd_str_z(err->found));
	}
	cd_buf_char(b, '}');
}

void cd_problem_reply(struct cd_http_req *req, enum cd_surface s, const struct cd_http_field *more, size_t n)
{
	struct cd_http_field fields[16];
	struct cd_buf body;
	size_t count = 0;
	cd_code code = req->cx.err.code ? req->cx.err.code : CD_E_INTERNAL;
	for (size_t i = 0; i < n && count < 15; i++)
		if (more[i].value.p)
			fields[count++] = more[i];
	if (code == CD_E_LENGTH || code == CD_E_MEDIA_TYPE) {
		cd_http_reply(req, cd_code_status(code), fields, count, NULL);
		return;
	}
	const struct cd_err err = {code, req->cx.err.detail ? req->cx.err.detail : cd_code_title(code),
		req->cx.err.where, req->cx.err.found};
	fields[count++] = (struct cd_http_field){CD_STR("Content-Type"), surface[s].media};
	cd_buf_init(&body, 1 << 20);
	cd_problem_write(&body, s, &err);
	if (body.bad) {
		cd_buf_done(&body);
		cd_http_reply(req, cd_code_status(code), fields, count - 1, NULL);
		return;
	}
	cd_http_reply(req, cd_code_status(code), fields, count, &body);
}
