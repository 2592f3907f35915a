#include "model/collate.h"

#include "base/mem.h"
#include "os/library.h"

#include <pthread.h>
#include <string.h>
#include <unicode/ucol.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

/* The library's names carry its version, which the headers know. */
#define I18N_CALLS(X)                                                                                        \
	X(open, ucol_open)                                                                                   \
	X(close, ucol_close)                                                                                 \
	X(sort_key, ucol_getSortKey)
#define UC_CALLS(X)                                                                                          \
	X(from_tag, uloc_forLanguageTag)                                                                     \
	X(widen, u_strFromUTF8)

#define POINTER(member, f) __typeof__(f) *member;
static struct {
	I18N_CALLS(POINTER)
} i18n;
static struct {
	UC_CALLS(POINTER)
} uc;
static bool loaded;

static void load(void)
{
#define TEXT(f)         #f
#define NAME(member, f) TEXT(f),
	static const char *const i18n_names[] = {I18N_CALLS(NAME)}, *const uc_names[] = {UC_CALLS(NAME)};
	loaded = cd_library_load("libicui18n.so." U_ICU_VERSION_SHORT, i18n_names, (void **)&i18n,
			 sizeof i18n / sizeof(void *)) &&
		 cd_library_load("libicuuc.so." U_ICU_VERSION_SHORT, uc_names, (void **)&uc,
			 sizeof uc / sizeof(void *));
}

struct cd_collator {
	UCollator *icu;
};

/* language ["-" subtag]..., subtags of 1 to 8 letters and digits [RFC 5646 2.1] */
static bool tag_ok(cd_str tag)
{
	for (bool first = true; tag.p; first = false) {
		cd_str sub = cd_str_cut(&tag, '-');
		if (sub.n == 0 || sub.n > 8)
			return false;
		for (size_t i = 0; i < sub.n; i++) {
			char c = sub.p[i];
			bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
			if (!letter && (first || c < '0' || c > '9'))
				return false;
		}
		if (first && (sub.n < 2 || sub.n == 4))
			return false;
	}
	return true;
}

static cd_code bad(struct cd_cx *cx)
{
	return cd_fail(cx, CD_E_BAD_REQUEST_DATA, "collation",
		"Expected a language tag with collation keywords, such as de-u-co-phonebk");
}

cd_code cd_collator_new(struct cd_cx *cx, cd_str tag, struct cd_collator **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char text[128] = "", locale[160] = "";
	UErrorCode status = U_ZERO_ERROR;
	int32_t parsed = 0;
	pthread_once(&once, load);
	if (!loaded)
		return cd_fail(cx, CD_E_INTERNAL, NULL, "The collation library could not be loaded");
	if (tag.n >= sizeof text || (tag.n && !tag_ok(tag)))
		return bad(cx);
	if (tag.n)
		memcpy(text, tag.p, tag.n);
	if (tag.n)
		(void)uc.from_tag(text, locale, sizeof locale, &parsed, &status);
	if (U_FAILURE(status) || (size_t)parsed != tag.n)
		return bad(cx);
	struct cd_collator *c = cd_mem_zalloc(sizeof *c);
	if (!c)
		return cd_fail_memory(cx);
	c->icu = i18n.open(locale, &status);
	if (U_FAILURE(status)) {
		cd_mem_free(c);
		return bad(cx);
	}
	*ret = c;
	return CD_OK;
}

void cd_collator_free(struct cd_collator *c)
{
	if (c)
		i18n.close(c->icu);
	cd_mem_free(c);
}

void cd_collator_key(struct cd_collator *c, cd_str s, struct cd_buf *out)
{
	UChar room[512], *wide = room;
	int32_t n = 0, cap = sizeof room / sizeof *room;
	UErrorCode status = U_ZERO_ERROR;
	if (s.n > (size_t)cap) { /* UTF-16 has never more units than UTF-8 has bytes */
		cap = (int32_t)(s.n < INT32_MAX / 4 ? s.n : INT32_MAX / 4);
		wide = cd_mem_alloc((size_t)cap * sizeof *wide);
		if (!wide) {
			out->bad = CD_E_NO_MEMORY;
			return;
		}
	}
	(void)uc.widen(wide, cap, &n, s.p, (int32_t)s.n, &status);
	if (U_SUCCESS(status) && cd_buf_room(out, 64)) {
		int32_t need = i18n.sort_key(
			c->icu, wide, n, (uint8_t *)out->p + out->n, (int32_t)(out->cap - out->n));
		if ((size_t)need > out->cap - out->n && cd_buf_room(out, (size_t)need))
			need = i18n.sort_key(
				c->icu, wide, n, (uint8_t *)out->p + out->n, (int32_t)(out->cap - out->n));
		out->n += out->bad ? 0 : (size_t)need;
	} else {
		cd_buf_char(out, 0);
	}
	if (wide != room)
		cd_mem_free(wide);
}
