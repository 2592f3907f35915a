#include "base/cx.h"

void cd_cx_init(struct cd_cx *cx, struct cd_arena *arena, const struct cd_settings *set)
{
	*cx = (struct cd_cx){.arena = arena, .set = set, .now = cd_time_wall()};
}

cd_code cd_fail(struct cd_cx *cx, cd_code code, const char *where, const char *fmt, ...)
{
	if (cx->err.code)
		return code;
	va_list ap;
	va_start(ap, fmt);
	cd_str detail = cd_arena_vprintf(cx->arena, fmt, ap);
	va_end(ap);
	cx->err.code = code;
	cx->err.detail = detail.p ? detail.p : cd_code_title(code);
	cx->err.where = where ? cd_arena_copy(cx->arena, cd_str_z(where)).p : NULL;
	return code;
}

cd_code cd_fail_memory(struct cd_cx *cx)
{
	if (!cx->err.code)
		cx->err = (struct cd_err){CD_E_NO_MEMORY, "The memory for one request is used up", NULL};
	return CD_E_NO_MEMORY;
}

const char *cd_err_quote(struct cd_arena *arena, cd_str text)
{
	enum { SHOWN = 200 };
	size_t n = text.n < SHOWN ? text.n : SHOWN;
	while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80) /* not within a character */
		n--;
	return cd_arena_printf(
		arena, CD_STR_FMT "%s", CD_STR_ARG(cd_str_of(text.p, n)), n < text.n ? "..." : "")
		.p;
}

void cd_cx_clear(struct cd_cx *cx)
{
	cx->err = (struct cd_err){CD_OK, NULL, NULL};
}
